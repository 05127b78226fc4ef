"""`chatops exec`, `logs` and `shell` against a real hub and a real agent on this machine."""

import asyncio
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.e2e.demo_process import Demo, running
from tests.integration.client.program import WHO, Ran, Terminal, begun, chatops, in_terminal

PROMPT = b"ready> "
# A shell without the habits of whoever runs the test.
PLAIN_SHELL = b"exec env -i TERM=$TERM PATH=$PATH PS1='ready> ' /bin/sh\r"
LEAVES = b"\x1d"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("commands") / "demo") as demo:
        yield demo


@pytest.fixture(autouse=True)
def _there(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead every command line to the demo."""
    monkeypatch.setenv("CHATOPS_URL", demo.facts["url"])
    monkeypatch.setitem(WHO, "CHATOPS_USERNAME", demo.facts["username"])
    monkeypatch.setitem(WHO, "CHATOPS_PASSWORD", demo.facts["password"])


@pytest.fixture
def server_id(demo: Demo) -> str:
    return str(demo.facts["server_id"])


async def ran(server_id: str, *words: str, stdin: bytes = b"") -> Ran:
    return await chatops("exec", server_id, *words, stdin=stdin)


@pytest.mark.parametrize(
    ("script", "status", "out"),
    [
        ("echo out; exit 7", 7, b"out\n"),
        ("exit 255", 255, b""),
        ("kill -11 $$", 139, b""),
        ("nothing-like-this", 127, b""),
        (r"printf 'no end \377\000'", 0, b"no end \xff\x00"),
        ("printf 'a\\rb\\r\\n'", 0, b"a\rb\r\n"),
        ("exec >&-; echo lost", 1, b""),
        ("sleep 600 & echo at once", 0, b"at once\n"),
        ("yes | head -c 5000000 | wc -c", 0, b"5000000\n"),
    ],
)
async def test_a_command_behaves_as_it_does_here(
    server_id: str, script: str, status: int, out: bytes
) -> None:
    found = await ran(server_id, "--", script)
    assert (found.status, found.out) == (status, out)


async def test_both_streams_stay_apart_and_words_arrive_as_they_are(server_id: str) -> None:
    assert await ran(server_id, "--", "echo out; echo err >&2") == Ran(0, b"out\n", "err\n")
    assert (await ran(server_id, "--", "echo", "$HOME  *", "'x'")).out == b"$HOME  * 'x'\n"


async def test_what_is_given_arrives(server_id: str, tmp_path: Path) -> None:
    text = "grüße\n" * 20_000
    found = await ran(server_id, "--stdin", "--", "sha256sum", stdin=text.encode())
    assert found.out == (await chatops_sum(text.encode()))
    assert (await ran(server_id, "--cwd", str(tmp_path), "--", "pwd")).out == f"{tmp_path}\n".encode()
    # Without --stdin it reads the end of a file at once, instead of waiting for somebody to type.
    assert (await ran(server_id, "--", "cat; echo done")).out == b"done\n"


async def chatops_sum(data: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        "sha256sum", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(data)
    return out


async def test_what_cannot_run_says_why(server_id: str) -> None:
    found = await ran(server_id, "--cwd", "/nowhere/at all", "--", "true")
    assert (found.status, found.out) == (1, b"")
    assert "refused" in found.err
    assert "/nowhere/at all" in found.err


async def test_a_timeout_ends_everything_it_started(server_id: str) -> None:
    found = await ran(server_id, "--timeout", "0.5", "--", "sleep 600 & echo begun; wait")
    assert (found.status, found.out) == (143, b"begun\n")
    assert "timed out after 0.5 s" in found.err


async def test_much_output_arrives_whole(server_id: str) -> None:
    found = await ran(server_id, "--", "seq 1 1000000")
    assert found.status == 0
    assert found.out == b"".join(b"%d\n" % number for number in range(1, 1_000_001))


async def test_more_than_the_hub_keeps_arrives_whole(server_id: str) -> None:
    found = await ran(server_id, "--", "yes 0123456789abcde | head -c 20000000")
    assert (found.status, found.err, len(found.out)) == (0, "", 20_000_000)
    assert found.out == b"0123456789abcde\n" * 1_250_000


async def test_ctrl_c_ends_it_there(server_id: str, tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    script = f"trap 'echo ended > {mark}; exit 3' TERM; echo begun; sleep 600 & wait"
    process = await begun("exec", server_id, "--", script)
    assert process.stdout is not None
    async with asyncio.timeout(2 * DEADLINE_S):
        assert await process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        await process.communicate()

    assert process.returncode == 3
    assert mark.read_text() == "ended\n"


async def test_a_second_ctrl_c_kills_what_does_not_want_to_end(server_id: str) -> None:
    process = await begun("exec", server_id, "--", "trap '' TERM; echo begun; while :; do sleep 1; done")
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.timeout(2 * DEADLINE_S):
        assert await process.stdout.readline() == b"begun\n"
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            await process.stderr.readline()
        await process.communicate()

    assert process.returncode == 137


async def test_the_history_knows_what_was_run(server_id: str) -> None:
    await ran(server_id, "--", "echo a mark; exit 9")
    found = await chatops("history", server_id, "--search", "a mark", "--json")

    newest: dict[str, Any] = json.loads(found.out)[0]
    assert (newest["command"], newest["exit_code"], newest["output"]) == (
        "echo a mark; exit 9",
        9,
        "a mark\n",
    )


async def test_the_last_lines_of_a_log_are_those_of_the_file(server_id: str) -> None:
    logs = [path for path in Path("/var/log").glob("*.log") if os.access(path, os.R_OK)]  # noqa: ASYNC240
    if not logs:
        pytest.skip("no readable log here")
    found = await chatops("logs", server_id, "--file", str(logs[0]), "-n", "10000")
    assert (found.status, found.err) == (0, "")
    assert found.out.splitlines()[:3] == logs[0].read_bytes().splitlines()[-10_000:][:3]


async def test_a_log_outside_the_folders_is_refused(server_id: str) -> None:
    found = await chatops("logs", server_id, "--file", "/etc/hostname")
    assert (found.status, found.out) == (1, b"")
    assert "not allowed" in found.err


async def opened(terminal: Terminal) -> None:
    """Wait for a shell whose prompt is known."""
    await terminal.shows(b"Shell on ")
    terminal.type(PLAIN_SHELL)
    await terminal.shows(b"\r" + PROMPT)
    terminal.seen.clear()


async def test_a_shell_is_a_real_terminal(server_id: str) -> None:
    """It has the size of this one, follows it, and ctrl+c goes to what runs in it."""
    async with in_terminal("shell", server_id, size=(100, 31)) as terminal:
        before = terminal.settings
        await opened(terminal)
        terminal.type(b"stty size\r")
        await terminal.shows(b"31 100")
        terminal.resize(132, 50)
        terminal.type(b"sleep 600\r")
        await terminal.shows(b"sleep 600\r\n")
        terminal.type(b"\x03")
        await terminal.shows(b"^C")
        terminal.type(b"stty size; tty\r")
        await terminal.shows(b"50 132")
        terminal.type(b"exit 5\r")
        assert await terminal.ends() == 5
        assert terminal.settings == before


@pytest.mark.skipif(shutil.which("vim") is None, reason="no vim here")
async def test_vim_works_is_left_and_found_again(server_id: str, tmp_path: Path) -> None:
    file = tmp_path / "written"
    async with in_terminal("shell", server_id) as terminal:
        before = terminal.settings
        await opened(terminal)
        terminal.type(f"vim -u NONE -n {file}\r".encode())
        await terminal.shows(b"\x1b[?1049h")
        terminal.type(b"ifirst line")
        await eventually(lambda: "first line" in screen(terminal))
        terminal.type(LEAVES)
        assert await terminal.ends() == 0
        assert terminal.settings == before
        # Back on the ordinary screen.
        assert terminal.seen.count(b"\x1b[?1049l") >= terminal.seen.count(b"\x1b[?1049h")
        terminal_id = terminal.seen.decode().rpartition("--attach ")[2].strip()

    listed = await chatops("shell", server_id, "--list", "--json")
    assert [(each["terminal_id"], each["detached"]) for each in json.loads(listed.out)] == [
        (terminal_id, True)
    ]
    async with in_terminal("shell", server_id, "--attach", terminal_id, size=(90, 20)) as terminal:
        await eventually(lambda: "first line" in screen(terminal, 90, 20))
        terminal.type(b"\rsecond\x1b:wq\r")
        await eventually(file.exists)
        await terminal.shows(b"\x1b[?1049l")
        terminal.type(b"exit\r")
        assert await terminal.ends() == 0

    assert file.read_text() == "first line\nsecond\n"


async def test_a_program_that_is_killed_gives_the_terminal_back(server_id: str) -> None:
    async with in_terminal("shell", server_id) as terminal:
        before = terminal.settings
        await opened(terminal)
        terminal.process.terminate()
        assert await terminal.ends() == 143
        assert terminal.settings == before
    listed = await chatops("shell", server_id, "--list", "--json")
    assert json.loads(listed.out) == []


async def test_much_is_pasted_and_much_is_shown(server_id: str, tmp_path: Path) -> None:
    file = tmp_path / "pasted"
    lines = b"".join(b"%06d\n" % number for number in range(20_000))
    async with in_terminal("shell", server_id) as terminal:
        await opened(terminal)
        terminal.type(f"stty -echo; cat > {file}; stty echo; echo written\r".encode())
        await terminal.shows(b"echo written\r\n")
        left = lines + b"\x04"
        while left:
            try:
                left = left[os.write(terminal.fd, left) :]
            except BlockingIOError:
                await asyncio.sleep(0)
                terminal.look()
        await terminal.shows(b"\nwritten\r\n")
        terminal.type(f"cat {file}; echo shown\r".encode())
        await terminal.shows(b"019999\r\nshown\r\n")
        terminal.type(b"exit\r")
        assert await terminal.ends() == 0

    assert file.read_bytes() == lines


def screen(terminal: Terminal, cols: int = 80, rows: int = 24) -> str:
    """What somebody would see now."""
    emulator = pyte.Screen(cols, rows)
    # The emulator fails on questions about keyboard modes, which vim asks.
    pyte.ByteStream(emulator).feed(re.sub(rb"\x1b\[[?>][0-9;]*m", b"", terminal.look()))
    return "\n".join(emulator.display)
