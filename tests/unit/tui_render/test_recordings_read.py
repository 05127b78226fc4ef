"""Recordings as they are read: what counts, what is left out, what is no recording."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.recording import Recording, RecordingError, Shown, understood

HEADER = b'{"version": 2, "width": 80, "height": 24, "timestamp": 1}\n'


def test_output_and_sizes_count_and_the_rest_is_left_out() -> None:
    lines = (
        HEADER,
        b'[0.5, "o", "a"]\n',
        b'[0.6, "i", "secret"]\n',
        b'[0.7, "m", "mark"]\n',
        b'[0.8, "r", "100x30"]\n',
        b"no json\n",
        b"[1]\n",
        b'["x", "o", "b"]\n',
        b'[2, "o", "c"]\n',
        b'[3, "o", "cut of',
    )
    assert understood(lines) == Recording(
        80, 24, [Shown(0.5, "output", "a"), Shown(0.8, "size", "100x30"), Shown(2.0, "output", "c")]
    )


def test_time_never_goes_back() -> None:
    recording = understood([HEADER, b'[5, "o", "a"]', b'[-1, "o", "b"]', b'[6, "o", "c"]'])
    assert [piece.at_s for piece in recording.pieces] == [5.0, 5.0, 6.0]
    assert recording.lasts_s == 6.0


@pytest.mark.parametrize("moment", ["9" * 400, "1e300"])
def test_no_moment_is_later_than_a_year(moment: str) -> None:
    recording = understood([HEADER, f'[{moment}, "o", "a"]'.encode()])
    assert recording.lasts_s == 365 * 86_400


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"", "does not begin"),
        (b"PNG", "does not begin"),
        (b'{"width": 80}', "does not begin"),
        (b'{"version": 3, "width": 80, "height": 24}', "version 3"),
    ],
)
def test_what_is_no_recording_is_told(first: bytes, said: str) -> None:
    with pytest.raises(RecordingError, match=said):
        understood([first])


def test_a_size_beyond_any_terminal_is_made_one() -> None:
    recording = understood([b'{"version": 2, "width": 999999, "height": -3}'])
    assert (recording.cols, recording.rows) == (1000, 1)
    assert recording.lasts_s == 0.0


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_whatever_follows_the_header_is_read_without_an_error(lines: list[bytes]) -> None:
    understood([HEADER, *lines])
