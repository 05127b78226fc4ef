"""Channels: where notifications go; for admins. Addresses and secrets are kept sealed and never shown."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from secrets import token_hex
from typing import Final

import msgspec
from msgspec import UNSET, Struct

from chatops_server.domain.alerts.destinations import Destination, DestinationError, destination
from chatops_server.domain.selectors import Selector
from chatops_server.errors import InvalidRequestError, NotFoundError, TooManyRequestsError
from chatops_server.sealing import Sealer, UnsealError
from chatops_server.services.access import Caller
from chatops_server.services.alerting.scope import selector
from chatops_server.services.alerting.silences import preloaded
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.notifications.guard import Guard
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import channels as sql
from chatops_server.storage.sql.channels import ChannelBody, ChannelRow
from chatops_server.storage.sql.notifications import notification_counts
from chatops_wire.rest_alerts import ChannelCreate, ChannelPatch, ChannelView
from chatops_wire.times import format_ms

MAX_CHANNELS: Final = 100


class Secrets(Struct, frozen=True, kw_only=True):
    """What is sealed of a channel."""

    url: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, ready to be used."""

    row: ChannelRow
    selector: Selector | None

    @property
    def id(self) -> str:
        """By which it is known."""
        return self.row.id

    @property
    def body(self) -> ChannelBody:
        """What is no secret of it."""
        return self.row.body


class Channels:
    """The channels, all of them in memory."""

    def __init__(
        self, storage: Storage, ledger: Ledger, sealer: Sealer, guard: Guard, now_ms: Callable[[], int]
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._sealer = sealer
        self._guard = guard
        self._now_ms = now_ms
        self._by_id: dict[str, Channel] = {}

    async def load(self) -> None:
        """Read all.

        Raises:
            StorageError: The database does not answer.
        """
        self._by_id = {row.id: _prepared(row) for row in await self._read()}

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        rows = {row.id: row for row in await self._read()}
        for channel_id in keys:
            row, known = rows.get(channel_id), self._by_id.get(channel_id)
            if row is None:
                self._by_id.pop(channel_id, None)
            elif known is None or known.row != row:
                self._by_id[channel_id] = _prepared(row)

    def enabled(self) -> Iterator[Channel]:
        """Yield the channels that are in use."""
        return (each for each in self._by_id.values() if each.body.enabled)

    def get(self, channel_id: str) -> Channel | None:
        """Return one channel."""
        return self._by_id.get(channel_id)

    def known(self, channel_id: str) -> Channel:
        """Return one channel.

        Raises:
            NotFoundError: There is no such channel.
        """
        channel = self._by_id.get(channel_id)
        if channel is None:
            raise NotFoundError("no such channel")
        return channel

    def secrets(self, channel: Channel) -> Secrets:
        """Return a channel's address and secret.

        Raises:
            UnsealError: The hub's secret is another than when they were stored.
        """
        return msgspec.json.decode(self._sealer.unseal(channel.row.sealed), type=Secrets)

    def told(self, channel_id: str, delivered_ms: int | None, error: str | None) -> None:
        """Take over what became of a message, after it was stored; unknown ids are ignored."""
        channel = self._by_id.get(channel_id)
        if channel is not None:
            last_ms = channel.row.last_delivered_ms if delivered_ms is None else delivered_ms
            row = replace(channel.row, last_delivered_ms=last_ms, last_error=error)
            self._by_id[channel_id] = replace(channel, row=row)

    async def listed(self) -> list[ChannelView]:
        """Return every channel, oldest first.

        Raises:
            StorageError: The database does not answer.
        """
        counts = await self._storage.read(notification_counts())
        return [_view(each.row, counts.get(each.id, (0, 0))) for each in self._by_id.values()]

    async def view(self, channel_id: str) -> ChannelView:
        """Return one channel.

        Raises:
            NotFoundError: There is no such channel.
            StorageError: The database does not answer.
        """
        self.known(channel_id)
        counts = await self._storage.read(notification_counts())
        return _view(self.known(channel_id).row, counts.get(channel_id, (0, 0)))

    async def create(self, body: ChannelCreate, caller: Caller) -> ChannelView:
        """Add a channel.

        Raises:
            InvalidRequestError: The address leads nowhere or must not be used, or a field cannot be meant.
            TooManyRequestsError: There are MAX_CHANNELS.
        """
        if len(self._by_id) >= MAX_CHANNELS:
            raise TooManyRequestsError(f"at most {MAX_CHANNELS} channels", 3600)
        where = self.check_address(body.url)
        secret = None if body.secret is UNSET else body.secret
        kept = _body(body, where, has_secret=bool(secret))
        channel_id = f"chn_{token_hex(8)}"
        await self._check(channel_id, kept)
        sealed = self._sealed(Secrets(url=body.url, secret=secret or None))
        row = ChannelRow(channel_id, sealed, kept, self._now_ms())
        await self._ledger.commit(sql.add_channel(row), _deed("channel.create", row, caller))
        self._by_id[row.id] = _prepared(row)
        return _view(row, (0, 0))

    async def change(self, channel_id: str, patch: ChannelPatch, caller: Caller) -> ChannelView:
        """Change a channel; what is not named stays, and so does the address when it is sent as it was shown.

        Raises:
            InvalidRequestError: As for `create`.
            NotFoundError: There is no such channel.
        """
        before = self.known(channel_id).row
        secrets = self._patched(self.known(channel_id), patch)
        names = [name for name in ChannelBody.__struct_fields__ if name in ChannelPatch.__struct_fields__]
        changes = {name: getattr(patch, name) for name in names if getattr(patch, name) is not UNSET}
        where = self.check_address(secrets.url) if patch.url not in (UNSET, before.body.shown_url) else None
        shown = before.body.shown_url if where is None else where.shown
        body = msgspec.structs.replace(
            before.body, **changes, shown_url=shown, has_secret=secrets.secret is not None
        )
        await self._check(channel_id, body)
        row = replace(before, body=body, sealed=self._sealed(secrets))
        await self._ledger.commit(_changed(row), _deed("channel.update", row, caller))
        self._by_id[channel_id] = _prepared(row)
        return await self.view(channel_id)

    async def remove(self, channel_id: str, caller: Caller) -> None:
        """Delete a channel with what waits for it.

        Raises:
            NotFoundError: There is no such channel.
        """
        row = self.known(channel_id).row
        await self._ledger.commit(_removed(channel_id), _deed("channel.delete", row, caller))
        self._by_id.pop(channel_id, None)

    def check_address(self, url: str) -> Destination:
        """Return where an address leads.

        Raises:
            InvalidRequestError: Nowhere, where it must not, or where only an extra leads that is missing.
        """
        try:
            where = destination(url)
            self._guard.check(where)
        except DestinationError as exc:
            raise InvalidRequestError(f"url: {exc}") from exc
        if where.kind == "apprise" and find_spec("apprise") is None:
            raise InvalidRequestError("url: this kind of address needs the extra chatops[notify] on the hub")
        return where

    async def _read(self) -> list[ChannelRow]:
        rows = await self._storage.read(sql.all_channels())
        for row in rows:
            if row.body.quiet_hours is not None:
                await preloaded(row.body.quiet_hours)
        return rows

    def _patched(self, channel: Channel, patch: ChannelPatch) -> Secrets:
        try:
            secrets = self.secrets(channel)
        except UnsealError:
            # Nothing can be read any more: a new address makes the channel usable again.
            secrets = Secrets(url="")
        if patch.url is not UNSET and patch.url != channel.body.shown_url:
            secrets = msgspec.structs.replace(secrets, url=patch.url)
        if patch.secret is not UNSET:
            secrets = msgspec.structs.replace(secrets, secret=patch.secret or None)
        return secrets

    async def _check(self, channel_id: str, body: ChannelBody) -> None:
        selector(body.select)
        if body.escalate_to == channel_id:
            raise InvalidRequestError("escalate_to: name another channel")
        if body.escalate_to is not None and body.escalate_to not in self._by_id:
            raise InvalidRequestError("escalate_to: no such channel")
        if body.escalate_after_s and body.escalate_to is None:
            raise InvalidRequestError("escalate_to: it is missing")
        if body.quiet_hours is not None and not await preloaded(body.quiet_hours):
            raise InvalidRequestError(f"quiet_hours.tz: unknown time zone {body.quiet_hours.tz!r}")

    def _sealed(self, secrets: Secrets) -> str:
        return self._sealer.seal(msgspec.json.encode(secrets).decode())


def _body(body: ChannelCreate, where: Destination, *, has_secret: bool) -> ChannelBody:
    fields = {name: getattr(body, name) for name in ChannelBody.__struct_fields__ if hasattr(body, name)}
    return ChannelBody(**fields, shown_url=where.shown, has_secret=has_secret)


def _prepared(row: ChannelRow) -> Channel:
    return Channel(row, selector(row.body.select))


def _view(row: ChannelRow, counts: tuple[int, int]) -> ChannelView:
    fields = msgspec.structs.asdict(row.body)
    waiting, undelivered = counts
    return ChannelView(
        id=row.id,
        url=fields.pop("shown_url"),
        **fields,
        created_at=format_ms(row.created_ms),
        last_delivered_at=None if row.last_delivered_ms is None else format_ms(row.last_delivered_ms),
        last_error=row.last_error,
        waiting=waiting,
        undelivered=undelivered,
    )


def _deed(action: str, row: ChannelRow, caller: Caller) -> Deed:
    told = {"channel_id": row.id, **msgspec.to_builtins(row.body)}
    return Deed(action, caller, target=row.body.name, data=told)


def _changed(row: ChannelRow) -> Script[None]:
    if not (yield from sql.change_channel(row)):
        raise NotFoundError("no such channel")


def _removed(channel_id: str) -> Script[None]:
    if not (yield from sql.delete_channel(channel_id)):
        raise NotFoundError("no such channel")
