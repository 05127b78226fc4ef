"""Commands and logs over REST and the live connection, through its losses too."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import NotFoundError
from chatops_tui.client.following import (
    Backlog,
    FollowEnded,
    Interrupted,
    Lines,
    LogFollower,
    RunEvent,
    RunFollower,
    log_events,
    run_events,
)
from chatops_tui.client.interests import FLEET, command, logs
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.rest_commands import BatchCreate, CommandCreate
from chatops_wire.streams import LogSource
from tests.deadlines import DEADLINE_S, eventually
from tests.integration.client.command_hub import CommandHub, Run
from tests.integration.client.conftest import Served


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
    with run_events(live.feed, command_id) as backlog:
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
    with run_events(live.feed, command_id) as backlog:
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


async def test_what_the_hub_refuses_to_tell_is_said(live: Hub, double: CommandHub) -> None:
    double.refuse_topics = {"command"}
    with run_events(live.feed, "cmd_0") as backlog:
        assert await told(backlog, FollowEnded) == [FollowEnded("not_found", "no such server")]


async def test_a_topic_the_hub_ends_is_over(live: Hub, double: CommandHub) -> None:
    command_id = await begun(live)
    with run_events(live.feed, command_id) as backlog:
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
    with run_events(live.feed, command_id):
        live.feed.set_interests({FLEET})
        await eventually(lambda: len(double.said("subscribe")) == 2)
    live.feed.set_interests(set())
    await eventually(lambda: len(double.said("unsubscribe")) == 2)


async def test_a_full_backlog_holds_the_connection_and_loses_nothing(live: Hub, double: CommandHub) -> None:
    backlog: Backlog[RunEvent] = Backlog(lambda _event: 1, limit=3)
    command_id = await begun(live)
    live.feed.follow(command(command_id), RunFollower(backlog.put, backlog.room))
    for number in range(20):
        await double.run.prints(b"%d " % number)
    await double.run.ends()
    await eventually(lambda: backlog.size > 3)
    events = await told(backlog, CommandFinished)

    assert b"".join(texts(events)) == b"".join(b"%d " % number for number in range(20))


async def test_lines_of_a_log_come_once(live: Hub, double: CommandHub, served: Served) -> None:
    source = LogSource(path="/var/log/syslog", tail=3)
    double.log = [line(number) for number in range(5)]
    with log_events(live.feed, "srv_0", source) as backlog:
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


def line(number: int) -> dict[str, object]:
    return {"ts": None, "stream": "stdout", "line": str(number)}
