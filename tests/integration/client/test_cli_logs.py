"""`chatops logs` and `chatops history` as a shell runs them."""

import asyncio
import json
import signal

import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.integration.client.command_hub import CommandHub, Run
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import server
from tests.integration.client.program import Ran, begun, chatops, in_terminal

LOG = ("logs", "web-1", "--file", "/var/log/syslog")


@pytest.fixture(autouse=True)
def _two_servers(double: CommandHub) -> None:
    double.servers = [server("srv_1", name="web-1"), server("srv_2", name="db")]


def line(text: str, ts: str | None = None) -> dict[str, object]:
    return {"ts": ts, "stream": "stdout", "line": text}


async def test_the_last_lines_of_a_file_and_no_more(served: Served, double: CommandHub) -> None:
    double.log = [line(str(number)) for number in range(10)]
    ran = await chatops(*LOG, "-n", "3", "--url", served.url)

    assert ran == Ran(0, b"7\n8\n9\n", "")
    asked = next(frame for frame in double.said("subscribe") if frame["topic"] == "logs")
    assert (asked["server_id"], asked["source"]["path"], asked["source"]["tail"]) == (
        "srv_1",
        "/var/log/syslog",
        3,
    )


async def test_a_shorter_log_ends_when_no_more_comes(served: Served, double: CommandHub) -> None:
    double.log = [line("only")]
    assert await chatops(*LOG, "--url", served.url) == Ran(0, b"only\n", "")


async def test_a_hub_that_says_that_it_is_all_is_not_waited_for(served: Served, double: CommandHub) -> None:
    process = await begun(*LOG, "--url", served.url)
    await eventually(lambda: double.subscriptions)
    source = double.subscriptions[0][1]["source"]
    await double.logs([line("one")])
    ended = {"type": "subscription_ended", "topic": "logs", "server_id": "srv_1", "source": source}
    await double.tell({**ended, "code": "ended"})
    async with asyncio.timeout(DEADLINE_S):
        out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"one\n", b"")


async def test_following_goes_on_until_ctrl_c(served: Served, double: CommandHub) -> None:
    double.log = [line("old")]
    process = await begun("logs", "web-1", "--unit", "nginx.service", "-f", "--url", served.url)
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        assert await process.stdout.readline() == b"old\n"
        await double.logs([line("new", ts="2026-01-31T12:00:00.000Z")])
        assert await process.stdout.readline() == b"2026-01-31T12:00:00.000Z new\n"
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()

    assert (process.returncode, err) == (130, b"")


async def test_lines_as_json_are_an_object_each(served: Served, double: CommandHub) -> None:
    double.log = [line("a\x1b[31m"), line("b", ts="2026-01-31T12:00:00.000Z")]
    ran = await chatops(*LOG, "-n", "2", "--json", "--url", served.url)
    assert [json.loads(each) for each in ran.out.splitlines()] == double.log


async def test_what_the_agent_refuses_is_a_sentence(served: Served, double: CommandHub) -> None:
    double.refuse_topics = {"logs"}
    assert await chatops(*LOG, "--url", served.url) == Ran(1, b"", "chatops: not found: no such server\n")


async def test_a_log_cannot_drive_the_terminal(served: Served, double: CommandHub) -> None:
    double.log = [line("\x1b]0;owned\x07\x1b[2Jtext \x1b[31mred"), line("plain")]
    async with in_terminal(*LOG, "-n", "2", "--url", served.url) as terminal:
        assert await terminal.ends() == 0
    assert bytes(terminal.seen) == b"text \x1b[0;31mred\x1b[0m\r\nplain\r\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("logs", "web-1"),
        ("logs", "web-1", "--file", "/x", "--unit", "y"),
        ("logs", "web-1", "--file", "/x", "-n", "-1"),
        ("logs", "web-1", "--file", "/x", "-n", "10001"),
        ("history", "-n", "0"),
        ("shell", "web-1", "--list", "--attach", "x"),
    ],
)
async def test_what_makes_no_sense_is_wrong_usage(served: Served, arguments: tuple[str, ...]) -> None:
    assert (await chatops(*arguments, "--url", served.url)).status == 2


async def test_the_history_is_a_table_newest_first(served: Served, double: CommandHub) -> None:
    async def play(run: Run) -> None:
        await run.ends(0 if run.server_id == "srv_1" else 4)

    double.play = play
    await chatops("exec", "web-1", "--url", served.url, "--", "uptime -p")
    await chatops("exec", "db", "--url", served.url, "--", "echo \x1b]0;x\x07hi")
    ran = await chatops("history", "--url", served.url)
    narrowed = await chatops("history", "db", "--search", "nothing", "--url", served.url)

    rows = ran.out.decode().splitlines()
    assert rows[0].split() == ["WHEN", "SERVER", "USER", "RESULT", "TOOK", "COMMAND"]
    assert rows[1].split()[1:] == ["db", "ada", "exit", "4", "12ms", "echo", "hi"]
    assert rows[2].split()[1:] == ["web-1", "ada", "exit", "0", "12ms", "uptime", "-p"]
    assert narrowed == Ran(0, b"no commands\n", "")


async def test_the_history_as_json_is_the_hubs_objects(served: Served, double: CommandHub) -> None:
    async def play(run: Run) -> None:
        await run.ends()

    double.play = play
    await chatops("exec", "web-1", "--timeout", "5", "--json", "--url", served.url, "--", "true")
    async with asyncio.timeout(DEADLINE_S):
        ran = await chatops("history", "web-1", "--search", "tr", "-n", "1", "--json", "--url", served.url)

    told = json.loads(ran.out)
    assert [(each["server"], each["command"], each["timeout_s"]) for each in told] == [("web-1", "true", 5.0)]
