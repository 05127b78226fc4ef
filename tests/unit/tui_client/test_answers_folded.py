"""Exit statuses, names, lines behind prefixes, and many servers' answers folded into few."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.arguments import parsed
from chatops_tui.commands.execution import command_text
from chatops_tui.commands.folding import Answer, folded, summary
from chatops_tui.commands.outcome import exit_status, in_words
from chatops_tui.commands.prefixed import RawLines, TtyLines
from chatops_wire.commands import CommandFinished, FinalStatus

STATUSES: list[FinalStatus] = ["succeeded", "failed", "timed_out", "cancelled", "refused", "lost"]


def finished(status: FinalStatus, code: int | None = None, number: int | None = None) -> CommandFinished:
    return CommandFinished(
        command_id="c",
        status=status,
        exit_code=code,
        signal=number,
        output_bytes=0,
        truncated=False,
        duration_ms=1,
    )


def answer(
    name: str, printed: bytes = b"", status: FinalStatus = "succeeded", code: int | None = 0
) -> Answer:
    made = Answer(name)
    made.printed("stdout", printed)
    made.ended(finished(status, code))
    return made


@given(st.sampled_from(STATUSES), st.none() | st.integers(-(2**31), 2**31), st.none() | st.integers(1, 64))
def test_only_what_succeeded_is_zero_and_every_status_fits(
    status: FinalStatus, code: int | None, number: int | None
) -> None:
    found = exit_status(status, code, number)
    assert (found == 0) == (status == "succeeded")
    assert 0 <= found <= 255


@pytest.mark.parametrize(
    ("status", "code", "number", "expected"),
    [
        ("failed", 7, None, 7),
        ("failed", None, 11, 139),
        ("failed", 256, None, 1),
        ("timed_out", None, None, 124),
        ("cancelled", None, None, 130),
        ("lost", None, None, 1),
    ],
)
def test_the_status_is_the_commands_own(
    status: FinalStatus, code: int | None, number: int | None, expected: int
) -> None:
    assert exit_status(status, code, number) == expected


def test_how_it_ended_in_words() -> None:
    assert in_words("failed", 2, None) == "exit 2"
    assert in_words("failed", None, 9) == "signal 9"
    assert in_words("timed_out", None, 15) == "timed out"
    assert in_words("lost", None, None) == "lost"


def test_equal_answers_are_one_group_and_bad_ones_come_last() -> None:
    answers = [
        answer("a", b"x\n"),
        answer("bad", b"x\n", "failed", 1),
        answer("b", b"x\n"),
        answer("c", b"y\n"),
    ]
    assert [[each.name for each in group.answers] for group in folded(answers)] == [
        ["a", "b"],
        ["c"],
        ["bad"],
    ]


def test_how_an_output_was_cut_makes_no_difference() -> None:
    one, other = Answer("a"), Answer("b")
    one.printed("stdout", b"hello")
    other.printed("stdout", b"hel")
    other.printed("stdout", b"lo")
    assert one.likeness == other.likeness
    other.printed("stderr", b"!")
    assert one.likeness != other.likeness


def test_a_summary_shows_the_beginning_of_each_answer() -> None:
    told = summary([answer(f"web-{number}", b"l\n" * 100) for number in range(40)] + [answer("db", b"")])
    assert told[0] == "41 servers: 41 succeeded"
    assert told[1].startswith("✓ 40  exit 0, the same output: web-0, web-1, ")
    assert told[1].endswith(" more")
    assert told[2:8] == ["      l"] * 5 + ["      … 200B in all"]
    assert told[8] == "✓ 1  exit 0: db"


def test_only_complaints_are_shown_where_there_is_nothing_else() -> None:
    made = Answer("a")
    made.printed("stderr", b"sh: x: not found")
    made.ended(finished("failed", 127))
    assert summary([made]) == [
        "1 server: 0 succeeded, 1 did not",
        "✖ 1  exit 127: a",
        "      sh: x: not found",
    ]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_raw_lines_are_the_bytes_behind_a_prefix(data: bytes, cuts: list[int]) -> None:
    lines = RawLines(b"p|")
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    made = b"".join(lines.feed(data[start:end]) for start, end in pairwise(edges))
    made += lines.finish()
    ended = data if not data or data.endswith(b"\n") else data + b"\n"
    assert made == b"".join(b"p|" + line + b"\n" for line in ended.split(b"\n")[:-1])


def test_a_line_without_an_end_is_not_held_for_ever() -> None:
    lines = RawLines(b"")
    assert len(lines.feed(b"x" * 200_000)) > 190_000
    assert len(TtyLines("", "braille").feed(b"x" * 200_000)) > 190_000


def test_words_become_one_command() -> None:
    assert command_text(("echo $HOME",)) == "echo $HOME"
    assert command_text(("echo", "$HOME", "a b")) == "echo '$HOME' 'a b'"


def test_what_stands_behind_the_dashes_is_the_command() -> None:
    arguments = parsed(["exec", "a", "b", "--json", "--", "ls", "--", "--json"])
    assert (arguments.servers, arguments.json, arguments.words) == (["a", "b"], True, ("ls", "--", "--json"))
    assert parsed(["--url", "x", "exec", "a", "--", "ls"]).url == "x"
