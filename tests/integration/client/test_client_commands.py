"""Commands, logs and terminals over REST and the live connection, through its losses too."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chatops_tui.client.backlog import Backlog, Weights
from chatops_tui.client.connect import Hub, open_hub
from chatops_tui.client.errors import ForbiddenError, HubUnreachableError, NotFoundError
from chatops_tui.client.following import (
    FollowEnded,
    Interrupted,
    Lines,
    LogFollower,
    Missed,
    RunEvent,
    RunFollower,
    log_events,
    run_events,
)
from chatops_tui.client.interests import FLEET, command, logs
from chatops_tui.client.session_memory import SessionMemory
from chatops_tui.client.terminals import Size, TerminalEnd
from chatops_tui.client.wire import Limits
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.rest_commands import BatchCreate, CommandCreate
from chatops_wire.streams import LogSource
from tests.deadlines import DEADLINE_S, eventually
from tests.integration.client.command_hub import CommandHub, Run
from tests.integration.client.conftest import Served

SIZE = Size(80, 24)


@pytest.fixture
async def live(hub: Hub) -> AsyncIterator[Hub]:
    """A hub whose feed runs."""
    running = asyncio.create_task(hub.feed.run(lambda _event: None), name="feed-under-test")
    yield hub
    running.cancel()
    await asyncio.wait([running])


async def begun(hub: Hub, command: str = "uptime") -> str:
    view = await hub.rest.run_command(CommandCreate(server_id="srv_0", command=command, wait=False))
    return view.command_id


async def told(backlog: Backlog[RunEvent], until: type) -> list[RunEvent]:
    events: list[RunEvent] = []
    async with asyncio.timeout(DEADLINE_S):
        while not (events and isinstance(events[-1], until)):
            events.append(await backlog.get())
    return events


def texts(events: list[RunEvent]) -> list[bytes]:
    return [event.data for event in events if isinstance(event, CommandOutput)]


async def test_a_command_is_run_looked_up_read_and_cancelled(hub: Hub, double: CommandHub) -> None:
    async def play(run: Run) -> None:
        await run.prints(b"\xff\x00raw")

    double.play = play
    order = CommandCreate(server_id="srv_0", command="cat", stdin="x", cwd="/tmp", wait=False)  # noqa: S108
    view = await hub.rest.run_command(order)
    found = await hub.rest.commands("srv_0", search="ca", limit=5)
    await hub.rest.cancel_command(view.command_id)
    await hub.rest.cancel_command(view.command_id, force=True)

    assert (view.status, double.run.order["stdin"], double.run.order["cwd"]) == ("running", "x", "/tmp")  # noqa: S108
    assert [each.command_id for each in found] == [view.command_id]
    assert await hub.rest.commands(search="nothing like it") == ()
    assert await hub.rest.command_output(view.command_id) == b"\xff\x00raw"
    assert double.run.cancels == [False, True]
    assert (await hub.rest.command(view.command_id)).command == "cat"
    with pytest.raises(NotFoundError):
        await hub.rest.command("cmd/../x")


async def test_a_batch_is_followed_by_its_id(hub: Hub, double: CommandHub) -> None:
    batch = await hub.rest.run_batch(
        BatchCreate(server_ids=("srv_0", "srv_1"), command="true", concurrency=2, stop_after_failures=1)
    )

    assert [item.server_id for item in batch.items] == ["srv_0", "srv_1"]
    assert len(await hub.rest.commands(batch_id=batch.batch_id)) == 2
    assert double.batches[0]["stop_after_failures"] == 1


async def test_output_so_far_then_what_comes_then_the_end(live: Hub, double: CommandHub) -> None:
    command_id = await begun(live)
    await double.run.prints(b"before")
    async with run_events(live.feed, command_id) as backlog:
        assert texts([await backlog.get()]) == [b"before"]
        await double.run.prints(b"\xfflater", "stderr")
        await double.run.ends(None, 15, "cancelled")
        events = await told(backlog, CommandFinished)

    assert events == [
        CommandOutput(command_id=command_id, seq=2, stream="stderr", data=b"\xfflater"),
        CommandFinished(
            command_id=command_id,
            status="cancelled",
            exit_code=None,
            signal=15,
            output_bytes=12,
            truncated=False,
            duration_ms=12,
        ),
    ]
    await eventually(lambda: not double.subscriptions)


async def test_a_lost_connection_costs_and_doubles_nothing(
    live: Hub, double: CommandHub, served: Served
) -> None:
    command_id = await begun(live)
    async with run_events(live.feed, command_id) as backlog:
        await eventually(lambda: double.subscriptions)
        await double.run.prints(b"one ")
        assert texts([await backlog.get()]) == [b"one "]
        await served.stop()
        double.subscriptions.clear()
        await double.run.prints(b"two ")
        await served.start()
        live.feed.reconnect_now()
        await eventually(lambda: double.subscriptions)
        await double.run.prints(b"three")
        await double.run.ends()
        events = await told(backlog, CommandFinished)

    assert [type(event) for event in events[:1]] == [Interrupted]
    assert texts(events) == [b"two ", b"three"]


async def test_a_chunk_that_never_comes_is_told(live: Hub, double: CommandHub) -> None:
    command_id = await begun(live)
    async with run_events(live.feed, command_id) as backlog:
        await eventually(lambda: double.subscriptions)
        await double.run.prints(b"one")
        double.run.frames += [{}] * 3
        await double.run.prints(b"five")
        await double.run.ends()
        events = await told(backlog, CommandFinished)

    assert [type(event) for event in events] == [CommandOutput, Missed, CommandOutput, CommandFinished]


async def test_what_the_hub_refuses_to_tell_is_said(live: Hub, double: CommandHub) -> None:
    double.refuse_topics = {"command"}
    async with run_events(live.feed, "cmd_0") as backlog:
        assert await told(backlog, FollowEnded) == [FollowEnded("not_found", "no such server")]


async def test_a_topic_the_hub_ends_is_over(live: Hub, double: CommandHub) -> None:
    command_id = await begun(live)
    async with run_events(live.feed, command_id) as backlog:
        await eventually(lambda: double.subscriptions)
        gone = {"server_id": "srv_0", "code": "not_found", "message": "deleted"}
        await double.tell(
            {"type": "subscription_ended", "topic": "command", "command_id": command_id, **gone}
        )
        await double.run.prints(b"too late")
        assert await told(backlog, FollowEnded) == [FollowEnded("not_found", "deleted")]


async def test_a_topic_has_one_follower_and_begins_anew_for_the_next(live: Hub, double: CommandHub) -> None:
    """Also when both come within one round trip: nothing of the first is told to the second."""
    command_id = await begun(live)
    await double.run.prints(b"all")
    first: list[RunEvent] = []
    interest = live.feed.follow(command(command_id), RunFollower(first.append))
    with pytest.raises(ValueError, match="followed already"):
        live.feed.follow(command(command_id), RunFollower(first.append))
    await eventually(lambda: first)
    live.feed.unfollow(interest)
    second: list[RunEvent] = []
    live.feed.follow(command(command_id), RunFollower(second.append))
    live.feed.unfollow(interest)
    await eventually(lambda: second)

    assert texts(first) == texts(second) == [b"all"]
    assert [frame["type"] for frame in double.frames if frame.get("topic") == "command"] == [
        "subscribe",
        "unsubscribe",
        "subscribe",
    ]


async def test_followers_and_interests_stand_side_by_side(live: Hub, double: CommandHub) -> None:
    command_id = await begun(live)
    async with run_events(live.feed, command_id):
        live.feed.set_interests({FLEET})
        await eventually(lambda: len(double.said("subscribe")) == 2)
    live.feed.set_interests(set())
    await eventually(lambda: len(double.said("unsubscribe")) == 2)


async def test_a_full_backlog_holds_the_connection_and_loses_nothing(live: Hub, double: CommandHub) -> None:
    weights: Weights[RunEvent] = Weights(lambda _event: 1, lambda _event: b"", lambda event, _data: event)
    backlog: Backlog[RunEvent] = Backlog(weights, held=3)
    command_id = await begun(live)
    live.feed.follow(command(command_id), RunFollower(backlog.put, backlog.room))
    for number in range(20):
        await double.run.prints(b"%d " % number)
    await double.run.ends()
    await eventually(lambda: backlog.held > 3)
    events = await told(backlog, CommandFinished)

    assert b"".join(texts(events)) == b"".join(b"%d " % number for number in range(20))


async def test_lines_of_a_log_come_once(live: Hub, double: CommandHub, served: Served) -> None:
    source = LogSource(path="/var/log/syslog", tail=3)
    double.log = [line(number) for number in range(5)]
    async with log_events(live.feed, "srv_0", source) as backlog:
        first = await backlog.get()
        await served.stop()
        double.subscriptions.clear()
        double.log.append(line(5))
        await served.start()
        live.feed.reconnect_now()
        assert isinstance(await backlog.get(), Interrupted)
        second = await backlog.get()

    assert isinstance(first, Lines)
    assert isinstance(second, Lines)
    assert [each.line for each in first.lines] == ["2", "3", "4"]
    assert [each.line for each in second.lines] == ["5"]
    assert not second.may_miss


async def test_a_log_the_agent_refuses_is_over(live: Hub, double: CommandHub) -> None:
    events: list[object] = []
    source = {"path": "/etc/shadow", "tail": 3}
    live.feed.follow(logs("srv_0", LogSource(path="/etc/shadow", tail=3)), LogFollower(events.append, 3))
    await eventually(lambda: double.subscriptions)
    refusal = {"code": "not_allowed", "message": "outside the folders"}
    await double.tell(
        {"type": "subscription_ended", "topic": "logs", "server_id": "srv_0", "source": source, **refusal}
    )
    await eventually(lambda: events == [FollowEnded("not_allowed", "outside the folders")])


async def test_a_terminal_is_opened_typed_into_resized_and_closed(live: Hub, double: CommandHub) -> None:
    view = await live.terminals.open("srv_0", SIZE, term="screen-256color")
    await view.write(b"ls\r")
    await view.resize(Size(100, 30))
    await double.shows(view.terminal_id, b"\x1b[H\xff")
    async with asyncio.timeout(DEADLINE_S):
        shown = await view.read()
    await view.close()

    assert shown == b"\x1b[H\xff"
    assert bytes(double.typed) == b"ls\r"
    assert double.sizes == [(80, 24), (100, 30)]
    assert double.terminals == {}
    assert double.said("terminal_open")[0]["term"] == "screen-256color"


async def test_credit_is_given_for_what_was_drawn(live: Hub, double: CommandHub) -> None:
    view = await live.terminals.open("srv_0", SIZE)
    window = double.said("terminal_open")[0]["window"]
    sent = b"x" * (window // 2)
    await double.shows(view.terminal_id, sent)
    async with asyncio.timeout(DEADLINE_S):
        assert await view.read() == sent
        assert double.said("terminal_credit") == []
        await double.shows(view.terminal_id, b"more")
        await view.read()
        await eventually(lambda: double.said("terminal_credit"))

    assert [frame["bytes"] for frame in double.said("terminal_credit")] == [window // 2]


async def test_the_end_of_a_shell_comes_after_its_last_words(live: Hub, double: CommandHub) -> None:
    view = await live.terminals.open("srv_0", SIZE)
    await double.shows(view.terminal_id, b"logout")
    await double.closes(view.terminal_id, reason="the shell ended", exit_code=3)
    async with asyncio.timeout(DEADLINE_S):
        assert await view.read() == b"logout"
        ended = TerminalEnd("closed", "the shell ended", None, 3)
        assert (await view.read(), await view.read()) == (ended, ended)


async def test_a_terminal_is_left_listed_and_attached_again(live: Hub, double: CommandHub) -> None:
    view = await live.terminals.open("srv_0", SIZE)
    await view.detach()
    listed = await live.terminals.listed("srv_0")
    double.replay = b"\x1b[2Jthe screen"
    again = await live.terminals.attach("srv_0", view.terminal_id, Size(90, 20))
    async with asyncio.timeout(DEADLINE_S):
        assert await again.read() == b"\x1b[2Jthe screen"
    await live.terminals.end("srv_0", view.terminal_id)

    assert [(entry.terminal_id, entry.detached) for entry in listed] == [(view.terminal_id, True)]
    assert double.terminals == {}


async def test_a_broken_connection_ends_a_view(live: Hub, double: CommandHub) -> None:
    view = await live.terminals.open("srv_0", SIZE)
    await double.close_sockets(1001)
    async with asyncio.timeout(DEADLINE_S):
        assert await view.read() == TerminalEnd("link_lost", "the connection to the hub broke")


async def test_a_refused_terminal_is_an_error_of_its_kind(live: Hub, double: CommandHub) -> None:
    double.refuse_terminals = ("not_allowed", "this machine allows no terminal")
    with pytest.raises(ForbiddenError, match="this machine allows no terminal"):
        await live.terminals.open("srv_0", SIZE)
    with pytest.raises(ForbiddenError):
        await live.terminals.attach("srv_0", "trm_1", SIZE)


async def test_a_hub_that_counts_no_credit_cannot_fill_the_memory(live: Hub, double: CommandHub) -> None:
    view = await live.terminals.open("srv_0", SIZE)
    for _ in range(40):
        await double.shows(view.terminal_id, b"x" * 512 * 1024)
    await eventually(lambda: view.has_ended)
    async with asyncio.timeout(DEADLINE_S):
        ended = await view.read()
    assert isinstance(ended, TerminalEnd)
    assert ended.kind == "flooded"


async def test_what_is_asked_while_nothing_is_connected_ends_in_time(served: Served) -> None:
    limits = Limits(answer_within_s=0.05)
    async with open_hub(served.url, SessionMemory(), limits) as hub:
        with pytest.raises(HubUnreachableError, match="no answer in time"):
            await hub.terminals.listed("srv_0")


async def test_what_was_asked_fails_with_the_connection(live: Hub, double: CommandHub) -> None:
    view = await live.terminals.open("srv_0", SIZE)
    double.deaf_to_terminals = True
    asking = asyncio.create_task(live.terminals.listed("srv_0"))
    await eventually(lambda: double.said("terminal_list"))
    await double.close_sockets(1001)
    with pytest.raises(HubUnreachableError, match="the connection broke"):
        await asking
    assert isinstance(await view.read(), TerminalEnd)


def line(number: int) -> dict[str, object]:
    return {"ts": None, "stream": "stdout", "line": str(number)}
