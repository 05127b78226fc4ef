"""A log that is not to be followed: its last lines, and then the end."""

import os
from pathlib import Path

import pytest

from chatops_agent.policy import Policy
from chatops_wire.streams import LogSource, StreamClose, StreamOpen
from tests.integration.agent_actions.hub_side import HubSide, hub_side


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return Policy(frozenset({"logs"}), (tmp_path,))


async def _told(policy: Policy, source: LogSource) -> tuple[list[str], StreamClose]:
    async with hub_side(policy) as hub:
        hub.say(StreamOpen(stream_id="s", source=source))
        return await _all(hub)


async def _all(hub: HubSide) -> tuple[list[str], StreamClose]:
    end = await hub.first(StreamClose, stream_id="s")
    return hub.lines("s"), end


@pytest.mark.parametrize(
    ("content", "tail", "expected"),
    [
        ("one\ntwo\nthree\n", 2, ["two", "three"]),
        ("one\ntwo\n", 100, ["one", "two"]),
        ("one\nunfinished", 100, ["one", "unfinished"]),
        ("", 100, []),
        ("one\n", 0, []),
    ],
)
async def test_the_last_lines_of_a_file_and_then_the_end(
    policy: Policy, tmp_path: Path, content: str, tail: int, expected: list[str]
) -> None:
    log = tmp_path / "app.log"
    log.write_text(content)
    lines, end = await _told(policy, LogSource(path=str(log), tail=tail, follow=False))
    assert lines == expected
    assert end.code is None


async def test_a_long_tail_comes_whole(policy: Policy, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("".join(f"line {number}\n" for number in range(20_000)))
    lines, end = await _told(policy, LogSource(path=str(log), tail=10_000, follow=False))
    assert lines == [f"line {number}" for number in range(10_000, 20_000)]
    assert end.code is None


async def test_what_may_not_be_read_is_refused_as_ever(policy: Policy) -> None:
    lines, end = await _told(policy, LogSource(path="/etc/hostname", follow=False))
    assert (lines, end.code) == ([], "not_allowed")


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [("", (None, "that is all there is")), ("No journal files.", ("unavailable", "No journal files."))],
)
async def test_a_unit_is_told_without_follow(
    policy: Policy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    complaint: str,
    expected: tuple[str | None, str],
) -> None:
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    entry = '{"__REALTIME_TIMESTAMP":"1767225600123000","MESSAGE":"Started."}'
    said = f"printf '{complaint}' >&2" if complaint else f"echo '{entry}'"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/args\n{said}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    lines, end = await _told(policy, LogSource(unit="web.service", tail=7, follow=False))

    assert lines == ([] if complaint else ["Started."])
    assert (end.code, end.reason) == expected
    assert "--follow" not in (tmp_path / "args").read_text().split()
