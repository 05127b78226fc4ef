"""`chatops exec` in a terminal: colours survive, nothing that would drive the terminal does."""

import pytest

from tests.integration.client.command_hub import CommandHub, Run
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import server
from tests.integration.client.program import in_terminal


@pytest.fixture(autouse=True)
def _three_servers(double: CommandHub) -> None:
    double.servers = [server(f"srv_{name}", name=name, tags=["tag:web"]) for name in ("web-1", "web-2", "db")]


def plays(
    double: CommandHub, *printed: tuple[str, bytes], code: int | None = 0, number: int | None = None
) -> None:
    async def play(run: Run) -> None:
        for stream, data in printed:
            await run.prints(data, stream)
        await run.ends(code, number)

    double.play = play


async def test_on_a_terminal_only_colours_survive(served: Served, double: CommandHub) -> None:
    plays(
        double,
        ("stdout", b"\x1b]0;owned\x07\x1b]52;c;aGk=\x07\x1b[2J\x1b[31mred\x1b[0m \xe2\x80\xae\x9b\n"),
        ("stdout", b"10%\r100%\n"),
    )
    async with in_terminal("exec", "web-1", "--url", served.url, "--", "x") as terminal:
        assert await terminal.ends() == 0

    assert bytes(terminal.seen) == "\x1b[0;31mred\x1b[0m \ufffd\ufffd\r\n100%\r\n".encode()


async def test_on_a_terminal_several_keep_their_colours(served: Served, double: CommandHub) -> None:
    plays(double, ("stdout", b"\x1b[32mok\x1b[0m\x1b[5A\nlast"))
    async with in_terminal("exec", "web-1", "db", "--url", served.url, "--", "x") as terminal:
        assert await terminal.ends() == 0

    assert b"db    | \x1b[0;32mok\x1b[0m\r\n" in terminal.seen
    assert b"web-1 | last\r\n" in terminal.seen
    assert b"\x1b[5A" not in terminal.seen


async def test_a_hostile_name_does_not_reach_the_terminal(served: Served, double: CommandHub) -> None:
    hostile = "\x1b]0;owned\x07x\x9b2J"
    double.servers = [server("a", name=hostile), server("b", name="b")]
    plays(double, ("stdout", b"out\n"), code=1)
    async with in_terminal("exec", "a", "b", "--url", served.url, "--", "x") as terminal:
        assert await terminal.ends() == 1
    async with in_terminal("exec", "a", "--timeout", "1", "--url", served.url, "--", "x") as single:
        await single.ends()

    for seen in (terminal.seen, single.seen):
        assert not {0x1B, 0x07} & set(seen)
