"""Logs of containers as engines send them: framed, plain, and cut into parts."""

import struct
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.actions.containers.log_frames import LogFrames
from chatops_agent.actions.logs.lines import CUT_MARK, LONGEST_LINE
from chatops_wire.streams import LogLine

STAMP: Final = b"2026-01-31T12:00:00.123456789Z"
TS: Final = "2026-01-31T12:00:00.123Z"
RAW: Final = "application/vnd.docker.raw-stream"


def _frame(text: bytes, stream: int = 1, stamp: bytes = STAMP) -> bytes:
    payload = stamp + b" " + text
    return struct.pack(">BxxxL", stream, len(payload)) + payload


def _fed(data: bytes, *, has_tty: bool = False, step: int = 10**9) -> list[LogLine]:
    frames = LogFrames(has_tty=has_tty)
    return [line for start in range(0, len(data), step) for line in frames.feed(data[start : start + step])]


def test_a_frame_is_a_line_of_its_stream() -> None:
    assert [LogLine(ts=TS, stream="stdout", line="one"), LogLine(ts=TS, stream="stderr", line="two")] == _fed(
        _frame(b"one\n") + _frame(b"two\n", 2)
    )


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.text(st.characters(blacklist_categories=["Cs", "Cc"])))),
    st.integers(1, 60),
)
def test_frames_may_come_in_any_pieces(lines: list[tuple[int, str]], step: int) -> None:
    data = b"".join(_frame(text.encode() + b"\n", stream) for stream, text in lines)
    assert [text for _, text in lines] == [line.line for line in _fed(data, step=step)]


def test_the_parts_of_a_long_line_are_joined_also_when_the_other_stream_speaks_between() -> None:
    data = _frame(b"a" * 16384) + _frame(b"err\n", 2) + _frame(b"b" * 16384) + _frame(b"c\n") + _frame(b"d\n")
    assert [line.line for line in _fed(data)] == ["err", "a" * 16384 + "b" * 16384 + "c", "d"]


def test_the_parts_of_a_long_line_on_a_tty_are_joined() -> None:
    """There is no frame between them: the time stands within the line, every 16 KiB."""
    data = STAMP + b" " + b"a" * 16384 + STAMP + b" " + b"b" * 16384 + STAMP + b" c\r\n" + STAMP + b" d\r\n"
    assert [line.line for line in _fed(data, has_tty=True)] == ["a" * 16384 + "b" * 16384 + "c", "d"]


def test_a_time_within_a_line_that_is_no_seam_stays() -> None:
    text = b"x" * 16000 + STAMP + b" y" + b"z" * 1000
    assert text.decode() == _fed(_frame(text + b"\n"))[0].line
    assert text.decode() == _fed(STAMP + b" " + text + b"\r\n", has_tty=True)[0].line


@pytest.mark.parametrize("has_tty", [False, True])
def test_a_line_without_end_is_cut_and_the_next_one_is_whole(*, has_tty: bool) -> None:
    part, count = b"x" * 16384, 40
    parts = [STAMP + b" " + part for _ in range(count)]
    if has_tty:
        data = b"".join(parts) + b"\r\n" + STAMP + b" next\r\n"
    else:
        data = b"".join(_frame(part) for _ in range(count)) + _frame(b"\n") + _frame(b"next\n")
    lines = _fed(data, has_tty=has_tty, step=65536)
    assert [line.line for line in lines] == ["x" * LONGEST_LINE + CUT_MARK, "next"]


def test_invalid_bytes_are_replaced_and_controls_stay() -> None:
    assert _fed(_frame(b"a\xff\x1b[31m\n"))[0].line == "a\N{REPLACEMENT CHARACTER}\x1b[31m"


def test_an_empty_line_is_a_line() -> None:
    assert [LogLine(ts=TS, stream="stdout", line="")] == _fed(_frame(b"\n"))


def test_a_log_without_frames_is_recognised() -> None:
    """Podman may not say that it sends one."""
    assert [LogLine(ts=TS, stream="stdout", line="hi")] == _fed(STAMP + b" hi\r\n")
    assert [LogLine(ts=TS, stream="stdout", line="hi")] == LogFrames(has_tty=False).feed(
        STAMP + b" hi\r\n", RAW
    )


def test_times_in_other_zones_and_lengths_are_told_in_utc() -> None:
    (line,) = _fed(_frame(b"x\n", stamp=b"2026-01-31T13:00:00.5+01:00"))
    assert line.ts == "2026-01-31T12:00:00.500Z"


def test_what_has_no_time_in_front_keeps_its_first_word() -> None:
    (line,) = _fed(_frame(b"world\n", stamp=b"hello"))
    assert LogLine(ts=None, stream="stdout", line="hello world") == line


def test_the_newest_time_is_kept_exactly() -> None:
    frames = LogFrames(has_tty=False)
    frames.feed(_frame(b"one\n") + _frame(b"two\n", stamp=b"2026-01-31T12:00:00.123456790Z"))
    assert frames.newest == b"2026-01-31T12:00:00.123456790Z"
