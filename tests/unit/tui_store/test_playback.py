"""How far a recording has been played, held against the times of its pieces."""

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.recording import Recording, Shown
from chatops_tui.store.playback import IDLE_S, Playback


def recording(*times: float) -> Recording:
    return Recording(80, 24, [Shown(at, "output", str(index)) for index, at in enumerate(times)])


def texts(pieces: object) -> str:
    assert isinstance(pieces, list | tuple)
    return "".join(piece.text for piece in pieces)


def test_pieces_come_when_their_time_has() -> None:
    playback = Playback(recording(0.5, 1.0, 2.0))
    assert playback.due_in_s == 0.5
    assert texts(playback.advance(0.4)) == ""
    assert texts(playback.advance(0.1)) == "0"
    assert playback.due_in_s == 0.5
    assert texts(playback.advance(5.0)) == "12"
    assert playback.is_over
    assert playback.due_in_s is None


def test_twice_as_fast_takes_half_the_time() -> None:
    playback = Playback(recording(1.0, 2.0), speed=2.0)
    assert playback.due_in_s == 0.5
    assert texts(playback.advance(0.5)) == "0"
    playback.faster(1)
    assert playback.speed == 4.0
    playback.faster(-1)
    playback.faster(-1)
    assert playback.speed == 1.0
    for _ in range(9):
        playback.faster(-1)
    assert playback.speed == 0.25


def test_long_pauses_are_short_until_somebody_wants_them_whole() -> None:
    playback = Playback(recording(0.0, 100.0, 101.0))
    assert playback.lasts_s == IDLE_S + 1.0
    assert texts(playback.advance(0.0)) == "0"
    playback.toggle_idle()
    assert not playback.skips_idle
    assert playback.lasts_s == 101.0
    assert playback.due_in_s == 100.0
    playback.toggle_idle()
    assert playback.due_in_s == IDLE_S


def test_a_pause_stands_still() -> None:
    playback = Playback(recording(1.0))
    playback.is_paused = True
    assert playback.due_in_s is None
    assert texts(playback.advance(10.0)) == ""
    playback.is_paused = False
    assert playback.due_in_s == 1.0


def test_forward_shows_what_was_passed_and_back_everything_up_to_there() -> None:
    playback = Playback(recording(1.0, 2.0, 3.0, 4.0))
    assert texts(playback.forward(3.0)) == "012"
    assert texts(playback.back(1.0)) == "01"
    assert texts(playback.again()) == "01"
    assert texts(playback.forward(100.0)) == "23"
    assert playback.place_s == 4.0
    assert texts(playback.back(100.0)) == ""
    assert playback.due_in_s == 1.0


def test_a_recording_of_nothing_is_over_at_once() -> None:
    playback = Playback(recording())
    assert playback.is_over
    assert playback.lasts_s == 0.0
    playback.toggle_idle()
    assert texts(playback.advance(1.0)) == ""


@given(
    st.lists(st.floats(0, 50), max_size=20),
    st.lists(st.one_of(st.floats(0, 20), st.sampled_from(["back", "idle", "forward"])), max_size=20),
)
def test_what_has_been_shown_is_always_a_beginning(times: list[float], deeds: list[float | str]) -> None:
    playback = Playback(recording(*sorted(times)))
    whole = texts(playback.again())
    for deed in deeds:
        match deed:
            case "back":
                whole = texts(playback.back(3.0))
            case "forward":
                whole += texts(playback.forward(3.0))
            case "idle":
                playback.toggle_idle()
            case _:
                assert isinstance(deed, float)
                whole += texts(playback.advance(deed))
        assert whole == texts(playback.again())
        assert playback.due_in_s is None or playback.due_in_s >= 0
