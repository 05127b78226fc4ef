"""Alerts go on where the agent comes to, are seen to at any hub, and told once."""

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from chatops_server.services.alerting import engine
from chatops_server.storage.base import Row, Script, fetch
from tests.deadlines import eventually
from tests.integration.hub_alerts.conftest import Machine, connected, machine_of, receiving
from tests.integration.hub_rest.conftest import Asker
from tests.integration.many_hubs.conftest import OpenHub, Pair
from tests.integration.many_hubs.test_one_tells import add_channel


async def moved(machine: Machine, asker: Asker) -> Machine:
    """Let the machine's agent come to another hub; the one it was at has to find out by itself."""
    peer = await connected(asker, machine.key, next_seq=machine.seq + 1)
    return replace(machine, asker=asker, peer=peer)


async def alert(asker: Asker, machine: Machine) -> dict[str, Any] | None:
    """Return the newest alert of a machine's own threshold, as a hub shows it."""
    answer = await asker.get(f"/alerts?server_id={machine.server_id}&limit=1")
    return dict(answer.body["items"][0]) if answer.body["items"] else None


async def becomes(asker: Asker, machine: Machine, status: str) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        shown = await alert(asker, machine)
        return shown if shown and shown["status"] == status else None

    shown = await eventually(found, what=f"an alert that is {status}")
    assert shown is not None
    return dict(shown)


async def test_what_waits_goes_on_waiting_at_another_hub(pair: Pair) -> None:
    machine = await machine_of(pair.one)
    await machine.threshold(for_s=60)
    await machine.feed(95, at_s=0)
    pending = await becomes(pair.other, machine, "pending")
    machine = await moved(machine, pair.other)
    await machine.feed(95, at_s=59)
    assert [each["status"] for each in await machine.alerts()] == ["pending"]
    await machine.feed(95, at_s=60)
    [firing] = await machine.alerts()
    assert (firing["id"], firing["status"]) == (pending["id"], "firing")


async def test_an_agent_that_goes_to_and_fro_has_one_alert_that_is_told_once(pair: Pair) -> None:
    async with receiving() as receiver:
        await add_channel(pair.one, receiver)
        machine = await machine_of(pair.one)
        await machine.threshold()
        await machine.feed(95)
        [fired] = await machine.alerts()
        for asker in (pair.other, pair.one, pair.other):
            machine = await moved(machine, asker)
            await machine.feed(96, 97)
            assert [(each["id"], each["status"]) for each in await machine.alerts()] == [
                (fired["id"], "firing")
            ]
        await machine.feed(10)
        await receiver.until(2)
        assert receiver.events() == ["firing", "resolved"]
        assert (await becomes(pair.one, machine, "resolved"))["id"] == fired["id"]


async def test_an_alert_is_seen_to_and_closed_at_a_hub_that_does_not_judge_it(pair: Pair) -> None:
    machine = await machine_of(pair.one)
    await machine.threshold()
    await machine.feed(95)
    fired = await becomes(pair.other, machine, "firing")
    path = f"/alerts/{fired['id']}"

    async def said(what: str) -> bool:
        return (await pair.other.post(f"{path}/{what}", {"comment": what})).status == 200

    # At once, or as soon as this hub knows of it.
    await eventually(lambda: said("acknowledge"))
    await becomes(pair.one, machine, "acknowledged")
    await machine.feed(96)
    await becomes(pair.other, machine, "acknowledged")
    await eventually(lambda: said("resolve"))
    await becomes(pair.one, machine, "resolved")
    judge = pair.one.running.hub.alerting.engine
    await eventually(lambda: judge.watch_of(fired["id"]) is None)
    # Closed by hand: nothing new while the breach lasts, only after it was well once.
    await machine.feed(97, 10)
    assert [each["id"] for each in await machine.alerts()] == [fired["id"]]
    await machine.feed(98)
    assert [each["status"] for each in await machine.alerts()] == ["firing", "resolved"]


async def test_two_hubs_that_judge_the_same_open_one_alert(pair: Pair) -> None:
    """As when an agent is here and there for a moment: whoever writes second takes over what is there."""
    async with receiving() as receiver:
        await add_channel(pair.one, receiver)
        machine = await machine_of(pair.one)
        await machine.threshold()
        engines = [each.running.hub.alerting for each in (pair.one, pair.other)]
        await eventually(lambda: len(list(pair.other.running.hub.alerting.notifications.channels.enabled())))
        await eventually(lambda: _knows_thresholds(pair, machine))
        for each in engines:
            each.engine.is_mine = lambda _server_id: True
        await machine.feed(95)
        first, second = (each.running.hub.fleet.get(machine.server_id) for each in (pair.one, pair.other))
        assert first is not None
        assert second is not None
        assert first.latest is not None
        engines[1].judge(second, first.latest.sample)
        for each in engines:
            await each.flush()
        [stored] = await pair.one.running.storage.read(_alerts_of(first.num))
        for each in engines:
            await eventually(lambda: each.engine.watch_of(stored[0]))  # noqa: B023 - of this round
        await receiver.until(1)
        await machine.feed(10)
        engines[1].judge(second, first.latest.sample)
        for each in engines:
            await each.flush()
        await receiver.until(2)
        rows = await pair.one.running.storage.read(_notifications())
        assert [row[0] for row in rows] == ["firing", "resolved"]


def _knows_thresholds(pair: Pair, machine: Machine) -> bool:
    state = pair.other.running.hub.fleet.get(machine.server_id)
    thresholds = pair.other.running.hub.alerting.thresholds
    return state is not None and any(
        each.row.body.server_id == machine.server_id for each in thresholds.applying_to(state)
    )


def _alerts_of(server_num: int) -> Script[list[Row]]:
    return list((yield from fetch("SELECT id FROM alerts WHERE server_num = $1", server_num)))


def _notifications() -> Script[list[Row]]:
    return list((yield from fetch("SELECT event FROM notifications ORDER BY num")))


async def test_a_server_nobody_holds_is_called_down_by_one_hub_and_by_the_next_when_that_is_gone(
    open_one: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as first:
        one = await first.enter_async_context(open_one("one"))
        async with open_one("other") as other:
            machine = await down_soon(one, other, "web-1")
            # The hub that leads judges it; its agent may be on its way here from a hub that is gone.
            one.running.hub.alerting.engine.sweep()
            await one.running.hub.alerting.flush()
            assert await machine.states() == []
            monkeypatch.setattr(engine, "GRACE_MS", 0)
            await becomes(other, machine, "firing")
            machine = await down_soon(one, other, "web-2", first)
            await becomes(other, machine, "firing")


async def down_soon(one: Asker, other: Asker, name: str, gone: AsyncExitStack | None = None) -> Machine:
    """Return a machine whose agent has left `other`, with a threshold for that; then `one` may be gone."""
    machine = await machine_of(other, name)
    await machine.threshold(metric="server.up", comparison="lt", value=1)
    fleet = one.running.hub.fleet
    await eventually(lambda: (state := fleet.get(machine.server_id)) and state.is_online)
    if gone is not None:
        await gone.aclose()
    await machine.peer.close()
    if gone is None:
        await eventually(lambda: not ((state := fleet.get(machine.server_id)) and state.is_online))
    return machine
