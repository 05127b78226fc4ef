"""Which hub holds an agent: the newest session wins, on every hub, and a hub that is gone holds none."""

from chatops_server.app import RunningHub
from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage
from tests.integration.hub_reach.conftest import SILENT, STRICT, Pair, Site, paired
from tests.live_peers import metrics


async def status(stage: Stage) -> str:
    answer = await stage.ask("GET", f"/servers/{stage.server_id}")
    return str(answer.body["status"])


async def shown(stage: Stage, wanted: str) -> None:
    async def is_so() -> bool:
        return await status(stage) == wanted

    await eventually(is_so, what=f"{wanted} at the hub")


async def connections(stage: Stage) -> list[str]:
    answer = await stage.ask("GET", "/events?kind=connection")
    return [str(item["message"]) for item in reversed(answer.body["items"])]


def is_held(running: RunningHub, server_id: str) -> bool:
    return running.live.sessions.get(server_id) is not None


async def test_an_agent_is_online_at_the_other_hub_and_offline_when_it_leaves(pair: Pair) -> None:
    agent = await pair.a.agent()
    await shown(pair.b, "online")
    await agent.close()
    await shown(pair.a, "offline")
    await shown(pair.b, "offline")


async def test_a_newer_session_at_another_hub_ends_the_older_one(pair: Pair) -> None:
    """The split brain of one key at two hubs: the newest wins, the other is told 4409."""
    older = await pair.a.agent()
    newer = await pair.b.agent()
    ended = await older.ended()
    assert (ended.code, ended.error) == (4409, "replaced")
    await eventually(lambda: not is_held(pair.a.running, pair.a.server_id), what="the older one left")
    await newer.send(metrics(1))
    assert (await newer.until("ack"))["seq"] == 1
    assert is_held(pair.b.running, pair.b.server_id)
    # It never was away: neither hub says so, and the timeline does not either.
    assert await status(pair.a) == await status(pair.b) == "online"
    await eventually(lambda: _told(pair.a, "web-1 connected"), what="the event is stored")
    assert [each for each in await connections(pair.a) if "disconnected" in each] == []


async def _told(stage: Stage, text: str) -> bool:
    return text in await connections(stage)


async def test_without_a_bus_hubs_find_out_by_looking(site: Site) -> None:
    site.bus = None
    async with paired(site) as pair:
        older = await pair.a.agent()
        await shown(pair.b, "online")
        await pair.b.agent()
        assert (await older.ended()).code == 4409


async def test_what_a_silent_hub_held_is_free_and_it_learns_so(site: Site) -> None:
    async with paired(site, SILENT, STRICT) as pair:
        agent = await pair.a.agent()
        await shown(pair.b, "offline")
        gone = "web-1 disconnected: its hub is gone"
        await eventually(lambda: _told(pair.b, gone), what="told")
        # It was not gone after all: what it held is not its own any more.
        assert (await agent.ended()).code == 1001
        assert (await connections(pair.b)).count(gone) == 1
        neighbours = pair.a.running.neighbours
        assert neighbours is not None
        await neighbours.heartbeat.beat()
        await pair.a.agent()
        await shown(pair.b, "online")


async def test_a_hub_that_ends_frees_what_it_held_at_once(site: Site) -> None:
    async with site.hub("b") as b:
        b.server_id, b.key = await b.server("web-1")
        async with site.hub("a") as a:
            await a.agent(b.key)
            await shown(b, "online")
        await shown(b, "offline")


async def test_a_hub_that_was_taken_for_gone_calls_nothing_down_for_that(site: Site) -> None:
    async with paired(site, SILENT, STRICT) as pair:
        body = {"name": "down", "metric": "server.up", "comparison": "lt", "value": 1, "severity": "critical"}
        answer = await pair.a.ask("POST", "/alerts/thresholds", {**body, "server_id": pair.a.server_id})
        assert answer.status == 201, answer
        judge = pair.a.running.hub.alerting.engine
        agent = await pair.a.agent()
        judge.sweep()
        assert (await agent.ended()).code == 1001
        await eventually(lambda: not is_held(pair.a.running, pair.a.server_id))
        judge.sweep()
        await pair.a.running.hub.alerting.flush()
        answer = await pair.a.ask("GET", f"/alerts?server_id={pair.a.server_id}")
        assert answer.body["items"] == []
