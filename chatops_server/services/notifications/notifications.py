"""Notifications put together, as admins change channels and try them out."""

from dataclasses import dataclass

from chatops_server.domain.alerts.destinations import DestinationError, destination
from chatops_server.errors import InvalidRequestError
from chatops_server.services.access import Caller
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.notifications import apprise
from chatops_server.services.notifications.apprise_job import AppriseJob
from chatops_server.services.notifications.channels import Channels
from chatops_server.services.notifications.delivery import Delivery
from chatops_server.services.notifications.webhook import DeliveryError
from chatops_wire.rest_alerts import ChannelCreate, ChannelPatch, ChannelTest, ChannelView


@dataclass(frozen=True, slots=True)
class Notifications:
    """The channels, and what is on its way to them."""

    channels: Channels
    delivery: Delivery
    ledger: Ledger

    async def create(self, body: ChannelCreate, caller: Caller) -> ChannelView:
        """Add a channel. Alerts that fire already are told to it too.

        Raises:
            InvalidRequestError: The address leads nowhere or must not be used, or a field cannot be meant.
            TooManyRequestsError: There are too many.
        """
        self.channels.check_address(body.url)
        await _require_known(body.url)
        return await self.channels.create(body, caller)

    async def change(self, channel_id: str, patch: ChannelPatch, caller: Caller) -> ChannelView:
        """Change a channel.

        Raises:
            InvalidRequestError: As for `create`.
            NotFoundError: There is no such channel.
        """
        shown = self.channels.known(channel_id).body.shown_url
        if isinstance(patch.url, str) and patch.url != shown:
            self.channels.check_address(patch.url)
            await _require_known(patch.url)
        view = await self.channels.change(channel_id, patch, caller)
        self.delivery.notified([channel_id])
        return view

    async def test(self, channel_id: str, caller: Caller) -> ChannelTest:
        """Send a test message.

        Raises:
            NotFoundError: There is no such channel.
        """
        channel = self.channels.known(channel_id)
        done = await self.delivery.test(channel)
        result = "ok" if done.delivered else "failed"
        await self.ledger.note(Deed("channel.test", caller, target=channel.body.name, result=result))
        return done


async def _require_known(url: str) -> None:
    try:
        where = destination(url)
        if where.kind == "apprise":
            await apprise.run(AppriseJob(url=where.url, is_check=True))
    except (DestinationError, DeliveryError) as exc:
        raise InvalidRequestError(f"url: {exc}") from exc
