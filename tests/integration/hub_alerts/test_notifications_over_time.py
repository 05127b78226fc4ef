"""What time makes due: repeats, escalation, the end of quiet hours; and what an acknowledgement ends."""

from tests.deadlines import eventually
from tests.integration.hub_alerts.conftest import Machine, Receiver, receiving
from tests.integration.hub_alerts.test_notifications_to_webhooks import channel
from tests.integration.hub_rest.conftest import Asker

ALWAYS = {"from": "00:00", "to": "00:00"}


async def test_it_is_told_again_until_somebody_acknowledges(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    await channel(asker, receiver.url, repeat_s=1)
    await machine.threshold()
    await machine.feed(95)
    await receiver.until(3)
    assert receiver.events()[:3] == ["firing", "repeat", "repeat"]
    [alert] = await machine.alerts()
    await asker.post(f"/alerts/{alert['id']}/acknowledge", None)
    repeats = receiver.events().count("repeat")
    # Two repeats' time and more: a repeat that was on its way may still arrive, and no other.
    other = await machine.threshold(metric="memory.percent", value=20, for_s=30)
    await machine.feed(95, 95, 95, 95)
    await eventually(lambda: _repeated(receiver, str(other["id"])))
    assert receiver.events_of(alert["id"]).count("repeat") <= repeats + 1
    await machine.feed(10)
    await eventually(lambda: receiver.events_of(alert["id"])[-1] == "resolved")


def _repeated(receiver: Receiver, threshold_id: str) -> bool:
    heard = [each["event"] for each in receiver.heard if each["alert"]["threshold_id"] == threshold_id]
    return heard.count("repeat") >= 2


async def test_a_second_channel_is_told_when_nobody_acknowledges(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    async with receiving() as boss:
        second = await channel(asker, boss.url, name="boss", min_severity="critical", select="nobody")
        await channel(asker, receiver.url, escalate_after_s=1, escalate_to=second)
        await machine.threshold(severity="warning")
        await machine.feed(95)
        [told] = await boss.until(1)
        assert (told["event"], told["message"].partition(":")[0]) == (
            "escalated",
            "nobody has acknowledged",
        )
        await machine.feed(10)
        await boss.until(2)
        assert (boss.events(), receiver.events()) == (["escalated", "resolved"], ["firing", "resolved"])


async def test_in_quiet_hours_only_what_is_critical_is_told_and_the_rest_at_their_end(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    channel_id = await channel(asker, receiver.url, quiet_hours=ALWAYS)
    await machine.threshold(severity="warning")
    await machine.threshold(severity="critical")
    await machine.feed(95)
    await receiver.until(1)
    asker.running.hub.alerting.engine.sweep()
    assert [each["severity"] for each in receiver.heard] == ["critical"]
    changed = await asker.patch(f"/notifications/channels/{channel_id}", {"quiet_hours": None})
    assert changed.body["quiet_hours"] is None
    await receiver.until(2)
    assert [each["severity"] for each in receiver.heard] == ["critical", "warning"]


async def test_a_channel_for_some_servers_hears_of_no_others(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    async with receiving() as other:
        await channel(asker, other.url, name="databases", select="db-*")
        await channel(asker, receiver.url, name="web", select="web-*", send_resolved=False)
        await machine.threshold()
        await machine.feed(95)
        await receiver.until(1)
        await machine.feed(10, 95)
        await receiver.until(2)
        assert (receiver.events(), other.heard) == (["firing", "firing"], [])
