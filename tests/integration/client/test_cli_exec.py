"""`chatops exec` as a shell runs it: its output, its status, and ctrl+c."""

import asyncio
import json
import signal

import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.integration.client.command_hub import CommandHub, Run
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import server
from tests.integration.client.program import Ran, begun, chatops


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


async def test_one_server_is_as_if_it_ran_here(served: Served, double: CommandHub) -> None:
    plays(double, ("stdout", b"\x1b[31mraw\xff\x00"), ("stderr", b"warning\n"), ("stdout", b"\r\n"), code=7)
    ran = await chatops("exec", "web-1", "--url", served.url, "--", "true")

    assert ran == Ran(7, b"\x1b[31mraw\xff\x00\r\n", "warning\n")
    assert double.run.server_id == "srv_web-1"
    assert double.run.order["wait"] is False


@pytest.mark.parametrize(
    ("end", "expected", "said"),
    [
        ((None, 9, "failed"), 137, ""),
        ((None, 15, "timed_out"), 143, "timed out after 60 s"),
        ((0, None, "timed_out"), 124, "timed out after 60 s"),
        ((None, 15, "cancelled"), 143, "cancelled"),
        ((0, None, "cancelled"), 130, "cancelled"),
        ((None, None, "lost"), 1, "lost, it may have run all the same: its agent went away"),
        ((None, None, "refused"), 1, "refused: busy there"),
    ],
)
async def test_how_a_command_ended_is_the_status(
    served: Served, double: CommandHub, end: tuple[int | None, int | None, str], expected: int, said: str
) -> None:
    async def play(run: Run) -> None:
        if end[2] == "refused":
            run.reason = {"code": "busy", "message": "busy there"}
        await run.ends(*end)

    double.play = play
    told = f"chatops: web-1: {said}\n" if said else ""
    assert await chatops("exec", "web-1", "--url", served.url, "--", "x") == Ran(expected, b"", told)


async def test_words_are_quoted_and_joined_and_one_is_left_alone(served: Served, double: CommandHub) -> None:
    plays(double)
    await chatops("exec", "web-1", "--url", served.url, "--", "echo $HOME | wc")
    await chatops("exec", "web-1", "--url", served.url, "--", "echo", "a b", "$HOME", "--json")

    assert [run.order["command"] for run in double.runs.values()] == [
        "echo $HOME | wc",
        "echo 'a b' '$HOME' --json",
    ]


async def test_options_reach_the_hub(served: Served, double: CommandHub) -> None:
    plays(double)
    ran = await chatops(
        *("exec", "web-1", "--timeout", "2.5", "--cwd", "/srv", "--stdin", "--url", served.url, "--", "cat"),
        stdin="grüße\n".encode(),
    )

    assert ran.status == 0
    order = double.run.order
    assert (order["timeout_s"], order["cwd"], order["stdin"]) == (2.5, "/srv", "grüße\n")


@pytest.mark.parametrize(
    ("arguments", "stdin", "reason"),
    [
        (("exec", "web-1"), b"", "the command is missing"),
        (("exec", "web-1", "--"), b"", "the command is missing"),
        (("exec", "--", "true"), b"", "name a server"),
        (
            ("exec", "web-1", "--timeout", "0", "--", "true"),
            b"",
            "--timeout is more than 0 and at most 86400",
        ),
        (("exec", "web-1", "--timeout", "soon", "--", "true"), b"", "invalid float"),
        (("exec", "web-1", "--", "cat"), b"x" * 600_000, "standard input: at most 512 KiB can be given"),
        (("exec", "web-1", "--stdin", "-n", "--", "cat"), b"", "not allowed with argument"),
    ],
)
async def test_what_cannot_be_run_is_wrong_usage(
    served: Served, double: CommandHub, arguments: tuple[str, ...], stdin: bytes, reason: str
) -> None:
    ran = await chatops(*arguments, stdin=stdin, CHATOPS_URL=served.url)

    assert (ran.status, ran.out) == (2, b"")
    assert reason in ran.err
    assert double.runs == {}


async def test_a_server_nobody_knows_is_status_1(served: Served) -> None:
    ran = await chatops("exec", "web-9", "--url", served.url, "--", "true")
    assert ran == Ran(1, b"", "chatops: no server is called 'web-9': `chatops servers` shows them\n")


async def test_a_name_that_two_servers_have_needs_an_id(served: Served, double: CommandHub) -> None:
    plays(double)
    double.servers.append(server("srv_other", name="web-1"))
    ran = await chatops("exec", "web-1", "--url", served.url, "--", "true")
    assert ran == Ran(1, b"", "chatops: 2 servers are called 'web-1'; say which: srv_web-1, srv_other\n")
    assert (await chatops("exec", "srv_other", "--url", served.url, "--", "true")).status == 0


async def test_an_agent_that_is_away_is_a_sentence(served: Served, double: CommandHub) -> None:
    double.offline = {"srv_db"}
    ran = await chatops("exec", "db", "--url", served.url, "--", "true")
    as_json = await chatops("exec", "db", "--json", "--url", served.url, "--", "true")

    reason = "the hub failed (503): the server's agent is not connected"
    assert ran == Ran(1, b"", f"chatops: db: {reason}\n")
    told = json.loads(as_json.out)
    assert (told["server"], told["status"], told["code"]) == ("db", "refused", "agent_offline")
    assert as_json.status == 1


async def test_a_hub_that_is_down_is_status_3(served: Served) -> None:
    await served.stop()
    ran = await chatops("exec", "web-1", "--url", served.url, "--", "true")
    assert (ran.status, ran.out) == (3, b"")


async def test_json_is_the_hubs_object_and_the_name(served: Served, double: CommandHub) -> None:
    plays(double, ("stdout", b"a\xff"), ("stderr", b"b"), code=3)
    ran = await chatops("exec", "web-1", "--json", "--url", served.url, "--", "true")

    told = json.loads(ran.out)
    assert ran.out.count(b"\n") == 1
    assert (ran.status, ran.err) == (3, "")
    assert (told["server"], told["server_id"], told["output"]) == ("web-1", "srv_web-1", "a\ufffdb")
    assert (told["status"], told["exit_code"], told["command_id"]) == ("failed", 3, double.run.id)


async def test_output_comes_while_it_runs(served: Served, double: CommandHub) -> None:
    process = await begun("exec", "web-1", "--url", served.url, "--", "slow")
    assert process.stdout is not None
    await eventually(lambda: double.subscriptions)
    async with asyncio.timeout(DEADLINE_S):
        for part in (b"one\n", b"two\n"):
            await double.run.prints(part)
            assert await process.stdout.readline() == part
        await double.run.ends(0)
        assert await process.wait() == 0


async def test_a_hub_that_is_restarted_costs_no_output(served: Served, double: CommandHub) -> None:
    process = await begun("exec", "web-1", "--url", served.url, "--", "slow")
    assert process.stderr is not None
    await eventually(lambda: double.subscriptions)
    await double.run.prints(b"one ")
    await served.stop()
    double.subscriptions.clear()
    async with asyncio.timeout(3 * DEADLINE_S):
        assert b"waiting for the hub" in await process.stderr.readline()
        await double.run.prints(b"two ")
        await served.start()
        assert await process.stderr.readline() == b"chatops: connected again\n"
        await eventually(lambda: double.subscriptions)
        await double.run.prints(b"three")
        await double.run.ends(0)
        out, _ = await process.communicate()

    assert (process.returncode, out) == (0, b"one two three")


async def test_ctrl_c_cancels_there_and_once_more_kills(served: Served, double: CommandHub) -> None:
    process = await begun("exec", "web-1", "--url", served.url, "--", "sleep 60")
    assert process.stderr is not None
    await eventually(lambda: double.subscriptions)
    async with asyncio.timeout(DEADLINE_S):
        process.send_signal(signal.SIGINT)
        assert await process.stderr.readline() == b"chatops: cancelling; ctrl+c again kills at once\n"
        await eventually(lambda: double.run.cancels == [False])
        process.send_signal(signal.SIGINT)
        assert await process.stderr.readline() == b"chatops: killing\n"
        await eventually(lambda: double.run.cancels == [False, True])
        await double.run.ends(None, 9, "cancelled")
        _, err = await process.communicate()

    assert (process.returncode, err) == (137, b"chatops: web-1: cancelled\n")


async def test_a_third_ctrl_c_leaves(served: Served, double: CommandHub) -> None:
    process = await begun("exec", "web-1", "--url", served.url, "--", "sleep 60")
    assert process.stderr is not None
    await eventually(lambda: double.subscriptions)
    async with asyncio.timeout(DEADLINE_S):
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            await process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()

    assert (process.returncode, err) == (130, b"chatops: left; the commands may still run\n")


async def test_a_program_that_is_to_end_cancels_first(served: Served, double: CommandHub) -> None:
    process = await begun("exec", "web-1", "--url", served.url, "--", "sleep 60")
    await eventually(lambda: double.subscriptions)
    process.terminate()
    async with asyncio.timeout(DEADLINE_S):
        await process.communicate()

    assert (process.returncode, double.run.cancels) == (143, [False])


async def test_a_reader_that_closes_the_pipe_ends_the_command(served: Served, double: CommandHub) -> None:
    process = await begun("exec", "web-1", "--url", served.url, "--", "yes")
    assert process.stdout is not None
    assert process.stderr is not None
    await eventually(lambda: double.subscriptions)
    process.stdout._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
    async with asyncio.timeout(DEADLINE_S):
        while process.returncode is None:
            await double.run.prints(b"y\n" * 100)
            await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.05)
        err = await process.stderr.read()

    assert (process.returncode, err, double.run.cancels) == (141, b"", [False])


async def test_a_slow_reader_of_much_output_loses_nothing(served: Served, double: CommandHub) -> None:
    parts = [b"%07d\n" % number * 4096 for number in range(200)]
    plays(double, *(("stdout", part) for part in parts))
    process = await begun("exec", "web-1", "--url", served.url, "--", "seq")
    assert process.stdout is not None
    async with asyncio.timeout(3 * DEADLINE_S):
        read = bytearray()
        while data := await process.stdout.read(4096):
            read += data
        await process.wait()

    assert bytes(read) == b"".join(parts)


async def test_a_reader_that_begins_late_loses_nothing(served: Served, double: CommandHub) -> None:
    """Far more than is held in memory waits on the disk, and the connection is kept."""
    parts = [bytes([number]) * 65_536 for number in range(200)]
    plays(double, *(("stdout", part) for part in parts))
    process = await begun("exec", "web-1", "--url", served.url, "--", "seq")
    assert process.stdout is not None
    # Nobody reads the pipe meanwhile.
    await eventually(lambda: double.sent_all)
    async with asyncio.timeout(3 * DEADLINE_S):
        out, err = await process.communicate()

    assert (process.returncode, err) == (0, b"")
    assert out == b"".join(parts)


async def test_an_output_of_which_a_part_is_missing_is_no_success(served: Served, double: CommandHub) -> None:
    async def play(run: Run) -> None:
        await run.prints(b"one")
        run.frames += [{}] * 2
        run.output_bytes = 1000
        await run.ends(0)

    double.play = play
    ran = await chatops("exec", "web-1", "--url", served.url, "--", "x")
    assert ran == Ran(1, b"one", "chatops: web-1: part of its output is missing: 3 of 1000 bytes came\n")


async def test_several_servers_answer_line_by_line_and_are_folded(served: Served, double: CommandHub) -> None:
    async def play(run: Run) -> None:
        same = run.server_id != "srv_db"
        await run.prints(b"up 3 da")
        await run.prints(b"ys\nno end" if same else b"ys\n")
        if not same:
            await run.prints(b"disk \x1b[31mfull\n", "stderr")
        await run.ends(0 if same else 2)

    double.play = play
    ran = await chatops("exec", "web-1", "db", "web-2", "--url", served.url, "--", "uptime")

    assert ran.status == 1
    assert sorted(ran.out.splitlines()) == sorted(
        [
            b"web-1 | up 3 days",
            b"web-1 | no end",
            b"web-2 | up 3 days",
            b"web-2 | no end",
            b"db    | up 3 days",
        ]
    )
    assert ran.err.splitlines() == [
        "db    | disk \x1b[31mfull",
        "3 servers: 2 succeeded, 1 did not",
        "✓ 2  exit 0, the same output: web-1, web-2",
        "      up 3 days",
        "      no end",
        "✖ 1  exit 2: db",
        "      up 3 days",
    ]
    assert double.batches[0]["server_ids"] == ["srv_web-1", "srv_db", "srv_web-2"]


async def test_servers_are_chosen_and_bounded(served: Served, double: CommandHub) -> None:
    plays(double)
    ran = await chatops(
        *("exec", "--select", "tag:web", "--concurrency", "2", "--stop-after", "1", "--url", served.url),
        *("--", "true"),
    )

    assert (ran.status, ran.out) == (0, b"")
    assert ran.err.splitlines() == ["3 servers: 3 succeeded", "✓ 3  exit 0: web-1, web-2, db"]
    order = double.batches[0]
    assert (order["select"], order["concurrency"], order["stop_after_failures"]) == ("tag:web", 2, 1)


async def test_a_whole_fleet_is_followed_some_at_a_time(served: Served, double: CommandHub) -> None:
    double.servers = [server(f"srv_{number}", tags=["tag:web"]) for number in range(300)]
    double.page = 1000
    plays(double, ("stdout", b"same\n"))
    ran = await chatops("exec", "--select", "tag:web", "--url", served.url, "--", "x")

    assert (ran.status, len(ran.out.splitlines())) == (0, 300)
    assert ran.err.splitlines()[0] == "300 servers: 300 succeeded"
    assert double.most_subscriptions <= 100


async def test_several_servers_as_json_are_an_object_each(served: Served, double: CommandHub) -> None:
    double.offline = {"srv_db"}
    plays(double, ("stdout", b"x"))
    ran = await chatops("exec", "web-1", "db", "--json", "--url", served.url, "--", "true")

    told = {each["server"]: each for each in map(json.loads, ran.out.splitlines())}
    assert (ran.status, ran.err) == (1, "")
    assert (told["web-1"]["status"], told["web-1"]["output"]) == ("succeeded", "x")
    assert (told["db"]["status"], told["db"]["code"]) == ("refused", "agent_offline")


async def test_one_that_was_refused_says_why_in_the_summary(served: Served, double: CommandHub) -> None:
    double.offline = {"srv_db"}
    plays(double)
    ran = await chatops("exec", "web-1", "db", "--url", served.url, "--", "true")
    assert ran.err.splitlines()[-1] == "✖ 1  refused, the server's agent is not connected: db"


async def test_ctrl_c_cancels_all_that_run(served: Served, double: CommandHub) -> None:
    async def ends(run: Run, _force: bool) -> None:  # noqa: FBT001 - the double's
        await run.ends(None, 15, "cancelled")

    async def play(run: Run) -> None:
        run.on_cancel = ends
        if run.server_id == "srv_web-2":
            await run.ends(0)

    double.play = play
    process = await begun("exec", "web-1", "web-2", "db", "--url", served.url, "--", "sleep 60")
    await eventually(lambda: len(double.subscriptions) == 2)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(DEADLINE_S):
        _, err = await process.communicate()

    assert process.returncode == 1
    assert b"3 servers: 1 succeeded, 2 did not" in err
    assert [len(run.cancels) for run in double.runs.values()] == [1, 0, 1]
