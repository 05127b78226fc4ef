"""When a picture is drawn, and when one waits for the wire."""

from collections.abc import Callable

from chatops_tui.driver.congestion import RETRY_S, WINDOW_BYTES, Congestion
from tests.tui.driver.replay import Waiting


class Later:
    """A timer that goes off when it is told to."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        self.due.append((seconds, call))

    def go_off(self) -> None:
        due, self.due = self.due, []
        for _seconds, call in due:
            call()


def test_a_free_wire_takes_every_picture() -> None:
    later = Later()
    congestion = Congestion(Waiting, later)
    assert congestion.admits(lambda: None)
    assert (congestion.skipped, later.due) == (0, [])


def test_without_a_queue_the_wire_is_free() -> None:
    assert not Congestion(lambda: None, Later()).is_congested


def test_a_full_wire_is_asked_again_until_it_has_drained_and_repainted_once() -> None:
    queue, later, painted = Waiting(["a picture"]), Later(), []
    congestion = Congestion(lambda: queue, later)
    assert not congestion.admits(lambda: painted.append("first"))
    assert not congestion.admits(lambda: painted.append("newest"))
    assert [seconds for seconds, _call in later.due] == [RETRY_S]
    later.go_off()
    assert painted == []
    queue.clear()
    later.go_off()
    assert (painted, congestion.skipped, later.due) == (["newest"], 2, [])


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def answering(clock: Clock) -> Congestion:
    """Return a wire behind which somebody answers."""
    congestion = Congestion(lambda: None, Later(), clock)
    congestion.heard()
    return congestion


def test_a_picture_that_nobody_has_seen_yet_holds_the_next_one_back() -> None:
    congestion = answering(Clock())
    congestion.asked(40_000)
    assert congestion.is_congested
    congestion.heard()
    assert not congestion.is_congested


def test_what_a_key_changes_waits_for_no_answer() -> None:
    congestion = answering(Clock())
    congestion.asked(WINDOW_BYTES // 2)
    congestion.asked(WINDOW_BYTES // 2)
    assert not congestion.is_congested
    congestion.asked(1)
    assert congestion.is_congested


def test_a_terminal_that_never_answers_is_not_waited_for_and_soon_not_asked() -> None:
    congestion = Congestion(lambda: None, Later(), Clock())
    for _picture in range(7):
        assert congestion.asks
        congestion.asked(40_000)
        assert not congestion.is_congested
    assert not congestion.asks


def test_a_lost_answer_is_given_up_sooner_the_less_is_on_its_way() -> None:
    for size, patience_s in ((WINDOW_BYTES + 1, 3.0), (96_000, 100.0)):
        clock = Clock()
        congestion = answering(clock)
        congestion.asked(size)
        clock.s += patience_s
        assert congestion.is_congested
        clock.s += 0.1
        assert not congestion.is_congested
        assert congestion.asks


def test_after_another_program_had_the_terminal_no_old_answer_is_waited_for() -> None:
    congestion = answering(Clock())
    congestion.asked(40_000)
    congestion.forget()
    assert not congestion.is_congested
    congestion.heard()
    assert not congestion.is_congested
