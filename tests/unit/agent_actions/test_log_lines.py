from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.actions.logs.buffer import LogBuffer
from chatops_agent.actions.logs.journal_lines import JournalParser
from chatops_agent.actions.logs.lines import CUT_MARK, LONGEST_LINE, LineSplitter
from chatops_wire.streams import LogLine


def _line(text: str) -> LogLine:
    return LogLine(ts=None, stream="stdout", line=text)


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


@given(
    lines=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"))),
    cuts=st.lists(st.integers(0)),
)
def test_however_it_comes_lines_are_whole(lines: list[str], cuts: list[int]) -> None:
    splitter = LineSplitter()
    found = []
    for part in _cut("".join(f"{line}\n" for line in lines).encode(), cuts):
        found += splitter.feed(part)
    assert found == lines
    assert not splitter.has_begun


def test_ends_of_both_kinds_go_and_other_returns_stay() -> None:
    assert LineSplitter().feed(b"dos\r\nunix\n\r1%\r2%\n\n") == ["dos", "unix", "\r1%\r2%", ""]


def test_what_has_begun_is_told_when_asked_for() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\nbe") == ["one"]
    assert splitter.has_begun
    assert splitter.flush() == ["be"]
    assert splitter.flush() == []
    assert splitter.feed(b"gun\n") == ["gun"]


@pytest.mark.parametrize("step", [1000, LONGEST_LINE, 3 * LONGEST_LINE])
def test_a_line_that_is_too_long_is_cut_marked_and_skipped(step: int) -> None:
    splitter = LineSplitter()
    data = b"x" * (2 * LONGEST_LINE) + b"\nnext\n"
    found = []
    for start in range(0, len(data), step):
        found += splitter.feed(data[start : start + step])
    assert found == ["x" * LONGEST_LINE + CUT_MARK, "next"]


def test_a_line_of_just_the_limit_is_whole() -> None:
    assert LineSplitter().feed(b"x" * LONGEST_LINE + b"\n") == ["x" * LONGEST_LINE]


def test_a_cut_within_a_character_shows_no_broken_one() -> None:
    (line,) = LineSplitter(10).feed(b"123456789" + "ü".encode() + b"more\n")
    assert line == "123456789" + CUT_MARK
    (line,) = LineSplitter(10).feed(b"\xff23456789" + "ü".encode() + b"more\n")
    assert line.startswith("�23456789")


def test_entries_of_the_journal_become_lines() -> None:
    lines = JournalParser().feed(
        b'{"MESSAGE":"a\\nb","__REALTIME_TIMESTAMP":"1767225600123456"}\n'
        b'{"MESSAGE":[104,105],"__REALTIME_TIMESTAMP":"x"}\n'
        b'{"MESSAGE":["one","two"]}\n{"MESSAGE":null}\n{}\n\n[]\nnothing\n'
    )
    assert [line.line for line in lines] == [
        "a", "b", "hi", "one", "two", "", "", "[entry too long]", "[entry too long]",
    ]  # fmt: skip
    assert lines[0].ts == lines[1].ts == "2026-01-01T00:00:00.123Z"
    assert lines[2].ts is None


@given(st.binary(max_size=300))
def test_noise_in_the_journal_breaks_nothing(noise: bytes) -> None:
    JournalParser().feed(noise + b"\n")


def test_a_long_message_of_the_journal_is_cut() -> None:
    (line,) = JournalParser().feed(b'{"MESSAGE":"' + b"x" * 100_000 + b'"}\n')
    assert line.line == "x" * LONGEST_LINE + CUT_MARK
    (line,) = JournalParser().feed(b'{"MESSAGE":"' + b"x" * 2_000_000 + b'"}\n')
    assert line.line == "[entry too long]"


def test_lines_go_in_frames_of_a_bounded_size() -> None:
    buffer = LogBuffer(0)
    buffer.add([_line(str(number)) for number in range(1200)])
    assert [len(buffer.next_lines()) for _ in range(4)] == [500, 500, 200, 0]
    buffer.add([_line("x" * 20_000) for _ in range(3)])
    assert [len(buffer.next_lines()) for _ in range(3)] == [1, 1, 1]
    buffer.add([_line("x" * 60_000)])
    assert len(buffer.next_lines()) == 1
    assert buffer.is_sent


def test_lines_wait_for_credit_and_the_source_for_room() -> None:
    buffer = LogBuffer(3)
    buffer.add([_line("x" * 100)] * 2000)
    assert not buffer.accepts
    assert len(buffer.next_lines()) == 3
    assert buffer.next_lines() == ()
    assert buffer.accepts
    buffer.grant(2)
    assert len(buffer.next_lines()) == 2
    buffer = LogBuffer(0)
    buffer.add([_line("x" * 60_000)] * 5)
    assert not buffer.accepts
