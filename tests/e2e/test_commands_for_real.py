"""Commands, terminals and logs through a real hub and a real agent, asked for as any program would."""

import asyncio
import os
import sys
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.integration.hub_commands.conftest import Stage, open_stage
from tests.live_peers import Peer

# A program that starts beside others on two busy cores.
START_S: Final = 6 * DEADLINE_S
# Each command, and how it ends: status, exit code, signal, output.
CASES: Final[dict[str, tuple[dict[str, Any], tuple[str, int | None, int | None, str]]]] = {
    "true": ({"command": "true"}, ("succeeded", 0, None, "")),
    "another code": ({"command": "echo out; echo err >&2; exit 255"}, ("failed", 255, None, "out\nerr\n")),
    "a signal": ({"command": "kill -9 $$"}, ("failed", None, 9, "")),
    "nested": ({"command": "sh -c 'kill -9 $$' 2>/dev/null; exit $?"}, ("failed", 137, None, "")),
    "no program": ({"argv": ["no-such-program"]}, ("failed", 127, None, "")),
    "words as they are": ({"argv": ["printf", "%s|", "a b", "$HOME"]}, ("succeeded", 0, None, "a b|$HOME|")),
    "input": ({"command": "cat", "stdin": "héllo\n"}, ("succeeded", 0, None, "héllo\n")),
    "no input": ({"command": "cat; echo end"}, ("succeeded", 0, None, "end\n")),
    "a folder": ({"command": "pwd", "cwd": "/"}, ("succeeded", 0, None, "/\n")),
    "a variable": ({"command": "echo $COLOUR", "env": {"COLOUR": "blue"}}, ("succeeded", 0, None, "blue\n")),
    "no secrets": ({"command": "env | grep -c API_KEY"}, ("failed", 1, None, "0\n")),
    "no text": ({"command": "printf 'a\\377\\0b'"}, ("succeeded", 0, None, "a\ufffd\0b")),
    "no newline": ({"command": "printf x"}, ("succeeded", 0, None, "x")),
    "too long": ({"command": "sleep 100", "timeout_s": 0.3}, ("timed_out", None, 15, "")),
    "left behind": ({"command": "sleep 100 & echo done"}, ("succeeded", 0, None, "done\n")),
    "fled": ({"command": "setsid sleep 100 & echo done"}, ("succeeded", 0, None, "done\n")),
    "closed output": ({"command": "exec >&- 2>&-; sleep 0.1; exit 4"}, ("failed", 4, None, "")),
    "much": (
        {"command": "seq 1 200000"},
        ("succeeded", 0, None, "".join(f"{n}\n" for n in range(1, 200_001))),
    ),
}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A hub and its server's real agent, which may do everything."""
    async with open_stage(tmp_path / "hub") as opened:
        opened.server_id, key = await opened.server("web-1")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "chatops_agent", "run", "--url", str(opened.http._base_url), "--allow", "all"),  # noqa: SLF001 - where it is
            *("--data-dir", str(tmp_path / "agent"), "--log-path", str(tmp_path)),
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"CHATOPS_API_KEY": key},
        )
        try:

            async def is_online() -> bool:
                answer = await opened.ask("GET", f"/servers/{opened.server_id}")
                return bool(answer.body["status"] == "online")

            await eventually(is_online, deadline_s=START_S)
            yield opened
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def test_commands_end_as_they_would_in_a_shell(stage: Stage) -> None:
    ends = {}
    for name, (order, _) in CASES.items():
        shown = (await stage.ask("POST", "/commands/", {"server_id": stage.server_id, **order})).body
        ends[name] = tuple(shown.get(field) for field in ("status", "exit_code", "signal", "output"))
    assert ends == {name: expected for name, (_, expected) in CASES.items()}


async def test_what_the_agent_cannot_run_is_said_in_its_words(stage: Stage) -> None:
    answer = await stage.run("pwd", cwd="/no/such/folder")
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert "/no/such/folder" in answer.body["detail"]


async def test_a_flood_is_cut_and_its_end_is_kept(stage: Stage) -> None:
    shown = (await stage.run("yes | head -c 40000000; echo; echo the end")).body
    assert (shown["status"], shown["truncated"], shown["output_bytes"]) == ("succeeded", True, 40_000_009)
    assert len(shown["output"]) <= 16 * 1024 * 1024
    assert shown["output"].startswith("y\ny\n")
    assert shown["output"].endswith("y\n\nthe end\n")


async def test_cancelling_ends_everything_it_started(stage: Stage, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    command = f"(setsid sh -c 'echo $$ >> {pids}; exec sleep 1000') & echo $$ >> {pids}; yes"
    command_id = await stage.begin(command)
    await eventually(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    cancelled = (await stage.ask("POST", f"/commands/{command_id}/cancel")).body
    assert (await stage.ended(command_id))["status"] == "cancelled"
    assert cancelled["command_id"] == command_id
    await eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.read_text().split()))


async def test_a_terminal_is_a_real_one(stage: Stage) -> None:
    client = await stage.client()
    opened = await client.request(type="terminal_open", server_id=stage.server_id, cols=100, rows=30)
    terminal_id = opened["terminal_id"]
    await keys(client, terminal_id, b"stty size; test -t 0 && echo is-a-$((1+1))-tty\r")
    shown = await until(client, b"is-a-2-tty")
    assert b"30 100" in shown
    await client.send({"type": "terminal_resize", "terminal_id": terminal_id, "cols": 120, "rows": 40})
    await keys(client, terminal_id, b"stty size\r")
    await until(client, b"40 120")
    # Interrupted by the keyboard, as only a controlling terminal can be.
    await keys(client, terminal_id, b"sh -c 'echo begun-$((2+2)); exec sleep 1000'\r")
    await until(client, b"begun-4")
    await keys(client, terminal_id, b"\x03")
    await keys(client, terminal_id, b"echo back-$((1+2))\r")
    await until(client, b"back-3")
    await client.request(type="terminal_detach", terminal_id=terminal_id)
    again = await stage.client()
    attach = {"server_id": stage.server_id, "terminal_id": terminal_id, "cols": 100, "rows": 30}
    assert (await again.request(type="terminal_attach", **attach))["type"] == "result"
    await until(again, b"back-3")
    await keys(again, terminal_id, b"exit 5\r")
    assert (await again.until("terminal_close"))["exit_code"] == 5


async def test_a_file_is_followed(stage: Stage, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("one\ntwo\nthree\n")
    client = await stage.client()
    source = {"path": str(log), "tail": 2}
    await client.request(type="subscribe", topic="logs", server_id=stage.server_id, source=source)
    first = (await client.until("log_lines"))["lines"]
    assert [line["line"] for line in first] == ["two", "three"]
    with log.open("a") as file:
        file.write("four\n")
    assert [line["line"] for line in (await client.until("log_lines"))["lines"]] == ["four"]


async def keys(client: Peer, terminal_id: str, typed: bytes) -> None:
    await client.send(
        {"type": "terminal_data", "terminal_id": terminal_id, "data": b64encode(typed).decode()}
    )


async def until(client: Peer, text: bytes) -> bytes:
    """Return what a terminal shows up to a text."""
    shown = b""
    while text not in shown:
        shown += b64decode((await client.until("terminal_data"))["data"])
    return shown
