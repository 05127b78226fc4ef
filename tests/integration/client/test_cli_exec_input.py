"""What `chatops exec` gives a command of its own standard input, and that it never waits for nobody."""

import asyncio
import os
import shlex
from base64 import b64decode
from pathlib import Path

import pytest

from tests.deadlines import DEADLINE_S
from tests.integration.client.command_hub import CommandHub, Run
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import server
from tests.integration.client.program import COMMAND, WHO, Ran, begun, chatops, in_terminal


@pytest.fixture(autouse=True)
def _answering(double: CommandHub) -> None:
    async def play(run: Run) -> None:
        await run.ends()

    double.servers = [server("srv_web-1", name="web-1")]
    double.play = play


def arguments(served: Served, *options: str) -> tuple[str, ...]:
    return ("exec", "web-1", *options, "--url", served.url, "--", "cat")


async def test_what_is_piped_is_given(served: Served, double: CommandHub) -> None:
    assert await chatops(*arguments(served), stdin="grüße\n".encode()) == Ran(0, b"", "")
    assert double.run.order["stdin"] == "grüße\n"
    assert "stdin_data" not in double.run.order


async def test_so_is_a_file(served: Served, double: CommandHub, tmp_path: Path) -> None:
    file = tmp_path / "deploy.sh"
    file.write_text("echo hello\n")
    with file.open() as given:
        ran = await begun(*arguments(served), stdin=given.fileno())
        await _ended(ran)
    assert double.run.order["stdin"] == "echo hello\n"


@pytest.mark.parametrize("given", [b"\xff\x00", b"\x1b[31m" + b"\x01" * 300_000])
async def test_what_is_no_text_is_given_byte_for_byte(
    served: Served, double: CommandHub, given: bytes
) -> None:
    assert (await chatops(*arguments(served), stdin=given)).status == 0
    assert b64decode(double.run.order["stdin_data"]) == given
    assert "stdin" not in double.run.order


async def test_nothing_is_given_where_that_is_wanted(served: Served, double: CommandHub) -> None:
    assert (await chatops(*arguments(served, "-n"), stdin=b"text")).status == 0
    assert "stdin" not in double.run.order


async def test_the_end_of_a_file_at_once_is_no_input(served: Served, double: CommandHub) -> None:
    await _ended(await begun(*arguments(served), stdin=asyncio.subprocess.DEVNULL))
    assert (await chatops(*arguments(served))).status == 0
    assert not [run for run in double.runs.values() if "stdin" in run.order]


async def test_a_closed_input_gives_nothing(served: Served, double: CommandHub) -> None:
    line = f"exec {shlex.join((*COMMAND, *arguments(served)))} <&-"
    ran = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", line), stderr=asyncio.subprocess.PIPE, env=os.environ | WHO
    )
    await _ended(ran)
    assert "stdin" not in double.run.order


async def test_an_open_pipe_that_says_nothing_is_not_waited_for(served: Served, double: CommandHub) -> None:
    ours, theirs = os.pipe()
    try:
        ran = await begun(*arguments(served), stdin=ours)
        said = await _ended(ran)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "nothing came on standard input for 2 s, so the command gets none" in said
    assert "stdin" not in double.run.order


async def test_a_terminal_is_not_waited_for(served: Served, double: CommandHub) -> None:
    async with in_terminal(*arguments(served)) as terminal:
        assert await terminal.ends() == 0
    assert "stdin" not in double.run.order


async def test_a_terminal_is_read_to_its_end_where_that_is_wanted(served: Served, double: CommandHub) -> None:
    async with in_terminal(*arguments(served, "--stdin")) as terminal:
        terminal.type(b"typed\n\x04")
        assert await terminal.ends() == 0
    assert double.run.order["stdin"] == "typed\n"


async def _ended(process: asyncio.subprocess.Process) -> str:
    async with asyncio.timeout(3 * DEADLINE_S):
        _, err = await process.communicate()
    assert process.returncode == 0, err
    return err.decode()
