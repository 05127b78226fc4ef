"""Lines of a log: kept, filtered, and how bad they are."""

import pytest

from chatops_tui.render.log_levels import LogLevel, level_of
from chatops_tui.store.log_memory import KEPT_LINES, LogFilter, LogMemory
from chatops_wire.streams import LogLine


def lines(*texts: str) -> list[LogLine]:
    return [LogLine(ts=None, stream="stdout", line=text) for text in texts]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-01-31 12:00:00 ERROR pool exhausted", LogLevel.ERROR),
        ("[error] 12#12: *1 connect() failed", LogLevel.ERROR),
        ('{"level":"warn","msg":"x"}', LogLevel.WARNING),
        ("level=info msg=x", LogLevel.INFO),
        ("kernel: warning: cpu clock", LogLevel.WARNING),
        ("DEBUG x", LogLevel.DEBUG),
        ("no errors were found", LogLevel.PLAIN),
        ("session opened for user root", LogLevel.PLAIN),
        ("x" * 500 + " ERROR", LogLevel.PLAIN),
    ],
)
def test_the_level_of_a_line(line: str, expected: LogLevel) -> None:
    assert expected == level_of(line)


def test_the_oldest_lines_leave_and_numbers_stay() -> None:
    memory = LogMemory()
    memory.take(lines(*(str(n) for n in range(KEPT_LINES + 3))))
    shown = memory.shown(LogFilter())
    assert (memory.first, memory.total, len(shown)) == (3, KEPT_LINES + 3, KEPT_LINES)
    assert (shown[0].number, shown[0].text) == (3, "3")


def test_words_must_all_hold_and_an_exclamation_mark_inverts() -> None:
    memory = LogMemory()
    memory.take(lines("Alpha beta", "alpha gamma", "delta", "ERROR alpha"))
    found = [entry.text for entry in memory.shown(LogFilter("ALPHA !gamma"))]
    assert found == ["Alpha beta", "ERROR alpha"]
    assert [entry.text for entry in memory.shown(LogFilter("!", LogLevel.ERROR))] == []
    assert [entry.text for entry in memory.shown(LogFilter("", LogLevel.ERROR))] == ["ERROR alpha"]


def test_interruptions_and_the_end_are_remembered() -> None:
    memory = LogMemory()
    memory.interrupt()
    assert memory.is_interrupted
    memory.take(lines("x"), may_miss=True)
    assert not memory.is_interrupted
    assert "missing" in memory.shown(LogFilter())[0].text
    memory.end("gone")
    assert memory.ended == "gone"


def test_what_is_hostile_in_a_line_is_gone() -> None:
    memory = LogMemory()
    memory.take(lines("\x1b]0;title\x07a\tb\x1b[2J"))
    assert "\x1b" not in memory.shown(LogFilter())[0].text
