"""Notifications through Apprise: a process of its own for each, against a service on this machine."""

from tests.deadlines import DEADLINE_S
from tests.integration.hub_alerts.conftest import Machine, Receiver
from tests.integration.hub_alerts.test_notifications_to_webhooks import channel
from tests.integration.hub_rest.conftest import Asker


async def test_a_service_that_apprise_knows_is_told(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    channel_id = await channel(asker, f"gotify://127.0.0.1:{receiver.port}/AbCdEf0123456789")
    shown = (await asker.get(f"/notifications/channels/{channel_id}")).body["url"]
    assert shown == "gotify://***"
    receiver.statuses = [200]
    await machine.threshold(name="CPU busy")
    await machine.feed(95)
    [told] = await receiver.until(1, deadline_s=3 * DEADLINE_S)
    assert told["title"] == "[CRITICAL] web-1: CPU busy"
    assert "cpu.percent is 95 % > 90 %" in told["message"]


async def test_a_service_that_refuses_is_said_by_the_test_button(asker: Asker, receiver: Receiver) -> None:
    channel_id = await channel(asker, f"gotify://127.0.0.1:{receiver.port}/AbCdEf0123456789")
    receiver.statuses = [401]
    done = await asker.post(f"/notifications/channels/{channel_id}/test", None)
    assert (done.body["delivered"], done.body["message"]) == (False, "the service did not take it")
