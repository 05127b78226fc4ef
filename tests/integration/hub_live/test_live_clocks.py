"""Agents whose clocks are wrong: who is told, and where their samples stand."""

from chatops_server.broker.server_state import ServerState
from chatops_server.domain.permissions import Principal
from chatops_server.storage.base import HistoryQuery
from chatops_server.storage.sql.events import EventFilter
from chatops_wire.times import format_ms
from tests.deadlines import eventually
from tests.integration.hub_live.conftest import LiveHub, now_ms
from tests.live_peers import metrics, sample

HOUR_MS = 3_600_000
ADMIN = Principal("usr_admin", "ann", "admin", 2**53, 1)


async def told(hub: LiveHub) -> list[str]:
    """Return the messages about clocks, oldest first."""
    found, _ = await hub.events.listed(ADMIN, EventFilter(kind="clock"))
    return [event.message for event in reversed(found)]


def at(ahead_ms: int) -> str:
    return format_ms(now_ms() + ahead_ms)


async def test_a_clock_that_is_off_is_shown_and_told_once_until_it_is_right_again(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key, epoch="e1", next_seq=1)
    for seq in range(1, 6):
        await agent.send(metrics(seq, timestamp=at(-HOUR_MS)))
    await eventually(lambda: server.clock_is_off)
    view = hub.live.fleet.view(server, "admin")
    assert view.clock_ahead_ms is not None
    assert abs(view.clock_ahead_ms + HOUR_MS) < 30_000
    # Also not another time over the next connection.
    await agent.close()
    await eventually(lambda: not server.is_online)
    assert hub.live.fleet.view(server, "admin").clock_ahead_ms is None
    agent = await hub.agent(key, epoch="e1", next_seq=6)
    for seq in range(6, 10):
        await agent.send(metrics(seq, timestamp=at(-HOUR_MS)))
    await agent.send({"type": "live", **sample(timestamp=at(0))})

    async def is_mended() -> bool:
        return len(await told(hub)) > 1

    await eventually(is_mended)
    off, right = await told(hub)
    assert off == "web-1: the clock is 3600 s behind the hub's"
    assert right == "web-1: the clock is right again"


async def test_samples_far_in_the_future_stand_where_they_arrived(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    agent = await hub.agent(key, epoch="e1", next_seq=1)
    before = now_ms()
    # An hour ahead, then set back by two hours: nothing is lost, and only the future is moved.
    await agent.send(metrics(1, timestamp=at(HOUR_MS)), metrics(2, timestamp=at(-HOUR_MS)))
    while (await agent.until("ack"))["seq"] < 2:
        pass
    whole = HistoryQuery(server.num, ["cpu.percent"], before - 2 * HOUR_MS, now_ms() + 2 * HOUR_MS, 10)
    answer = await hub.storage.samples.history(whole)
    late, arrived = (point.ts_ms for point in answer.series["cpu.percent"])
    assert late < before - HOUR_MS + 60_000
    assert before <= arrived <= now_ms()
    [mark] = (await hub.storage.samples.coverage(whole)).misdated
    assert (mark.from_seq, mark.to_seq, mark.first_ms) == (1, 1, arrived)
    assert abs(mark.ahead_ms - HOUR_MS) < 30_000
