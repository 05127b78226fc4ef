"""Silences: when nobody is notified, of what; all that are not over are in memory."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

import msgspec

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.readings import watched
from chatops_server.domain.alerts.weekly import ZoneError, is_within, zone
from chatops_server.domain.permissions import Principal
from chatops_server.errors import ForbiddenError, InvalidRequestError, NotFoundError, TooManyRequestsError
from chatops_server.services.access import Caller
from chatops_server.services.alerting.scope import Reach, Scope, selector
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import silences as sql
from chatops_server.storage.sql.events import NewEvent
from chatops_server.storage.sql.silences import SilenceRow
from chatops_wire.metrics import UnknownMetricError
from chatops_wire.rest_alerts import SilenceCreate, SilenceView, Weekly
from chatops_wire.times import LAST_MS, format_ms, parse_ms

# All are looked at for every open alert, once a second.
MAX_SILENCES: Final = 1000


@dataclass(frozen=True, slots=True)
class _Silence:
    row: SilenceRow
    reach: Reach


class Silences:
    """The silences."""

    def __init__(
        self, storage: Storage, ledger: Ledger, fleet: Fleet, scope: Scope, now_ms: Callable[[], int]
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._fleet = fleet
        self._scope = scope
        self._now_ms = now_ms
        self._by_id: dict[str, _Silence] = {}

    async def load(self) -> None:
        """Read all.

        Raises:
            StorageError: The database does not answer.
        """
        self._by_id = {row.id: _prepared(row) for row in await self._read()}

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        rows = {row.id: row for row in await self._read()}
        for silence_id in keys:
            row = rows.get(silence_id)
            if row is None:
                self._by_id.pop(silence_id, None)
            elif silence_id not in self._by_id:
                self._by_id[silence_id] = _prepared(row)

    def covering(self, alert: Alert) -> str | None:
        """Return the id of a silence that holds at present for an alert; None when nothing does."""
        state = self._fleet.get(alert.server_id)
        if state is None or not self._by_id:
            return None
        now_ms = self._now_ms()
        found = (each for each in self._by_id.values() if _holds(each.row, now_ms))
        return next((each.row.id for each in found if self._is_for(each, alert, state)), None)

    def listed(self, principal: Principal) -> list[SilenceView]:
        """Return the silences of servers a user sees, oldest first; those that are over for a day too."""
        found = [each for each in self._by_id.values() if self._scope.is_seen_by(each.reach, principal)]
        return [self._view(each, principal) for each in found]

    async def create(self, body: SilenceCreate, principal: Principal, caller: Caller) -> SilenceView:
        """Add a silence.

        Raises:
            InvalidRequestError: Something in it cannot be meant; the detail names the field.
            NotFoundError, ForbiddenError: The server is not the user's to see, or to manage.
            TooManyRequestsError: There are MAX_SILENCES.
        """
        self._scope.require_create(body.server_id, principal)
        if body.weekly is not None and not await preloaded(body.weekly):
            raise InvalidRequestError(f"weekly.tz: unknown time zone {body.weekly.tz!r}")
        new = _prepared(_row(body, principal.user_id, self._now_ms()))
        if len(self._by_id) >= MAX_SILENCES:
            raise TooManyRequestsError(f"at most {MAX_SILENCES} silences", 3600)
        await self._ledger.commit(sql.add_silence(new.row), _deed("silence.create", new, caller))
        self._by_id[new.row.id] = new
        return self._view(new, principal)

    async def remove(self, silence_id: str, principal: Principal, caller: Caller) -> None:
        """Delete a silence: what it covered is notified of, if it still fires.

        Raises:
            NotFoundError, ForbiddenError: As for `create`.
        """
        known = self._by_id.get(silence_id)
        if known is None or not self._scope.is_seen_by(known.reach, principal):
            raise NotFoundError("no such silence")
        if not self._scope.may_change(known.reach, principal):
            raise ForbiddenError("this silence is not yours to delete")
        await self._ledger.commit(_removed(silence_id), _deed("silence.delete", known, caller))
        self._by_id.pop(silence_id, None)

    def forget_ended(self, before_ms: int) -> None:
        """Forget the silences that ended before then, as the database does."""
        for silence_id in [each.row.id for each in self._by_id.values() if each.row.ends_ms < before_ms]:
            del self._by_id[silence_id]

    async def _read(self) -> list[SilenceRow]:
        rows = await self._storage.read(sql.all_silences())
        for row in rows:
            if row.body.weekly is not None:
                await preloaded(row.body.weekly)
        return rows

    def _is_for(self, silence: _Silence, alert: Alert, state: ServerState) -> bool:
        metric = silence.row.body.metric
        if metric is not None and alert.metric != metric and not alert.metric.startswith(f"{metric}:"):
            return False
        return self._scope.covers(silence.reach, state)

    def _view(self, silence: _Silence, principal: Principal) -> SilenceView:
        row = silence.row
        return SilenceView(
            **msgspec.structs.asdict(row.body),
            id=row.id,
            owner_id=row.owner_id,
            created_at=format_ms(row.created_ms),
            active=_holds(row, self._now_ms()),
            may_change=self._scope.may_change(silence.reach, principal),
        )


async def preloaded(weekly: Weekly) -> bool:
    """Read a part of the week's time zone from disk; return whether there is one of that name."""
    try:
        await asyncio.to_thread(zone, weekly.tz)
    except ZoneError:
        return False
    return True


def _row(body: SilenceCreate, owner_id: str, now_ms: int) -> SilenceRow:
    starts_ms = _moment("starts_at", body.starts_at) if body.starts_at else now_ms
    ends_ms = _moment("ends_at", body.ends_at)
    if ends_ms <= starts_ms:
        raise InvalidRequestError("ends_at: it must be after starts_at")
    if ends_ms <= now_ms:
        raise InvalidRequestError("ends_at: it is over already")
    if body.metric is not None:
        try:
            watched(body.metric)
        except UnknownMetricError as exc:
            raise InvalidRequestError(f"metric: {exc}") from exc
    kept = msgspec.structs.replace(body, starts_at=format_ms(starts_ms), ends_at=format_ms(ends_ms))
    return SilenceRow(f"sil_{token_hex(8)}", owner_id, starts_ms, ends_ms, kept, now_ms)


def _moment(field: str, text: str) -> int:
    try:
        moment = parse_ms(text)
    except ValueError as exc:
        raise InvalidRequestError(f"{field}: expected RFC 3339 with a zone") from exc
    if not 0 <= moment <= LAST_MS:
        raise InvalidRequestError(f"{field}: not within the years 1970 to 9999")
    return moment


def _holds(row: SilenceRow, now_ms: int) -> bool:
    if not row.starts_ms <= now_ms < row.ends_ms:
        return False
    try:
        return row.body.weekly is None or is_within(row.body.weekly, now_ms)
    except ZoneError:
        # Known when it was made, and not on this machine: rather told once too often than not at all.
        return False


def _prepared(row: SilenceRow) -> _Silence:
    return _Silence(row, Reach(row.owner_id, row.body.server_id, selector(row.body.select)))


def _deed(action: str, silence: _Silence, caller: Caller) -> Deed:
    body = silence.row.body
    what = (body.metric or "all alerts") + (f" on {body.select}" if body.select else "")
    done = "silenced" if action == "silence.create" else "no longer silenced"
    event = NewEvent(
        "alert",
        f"{what} {done} until {body.ends_at}" if action == "silence.create" else f"{what} {done}",
        server_id=body.server_id,
        user_id=caller.user_id,
        data={"silence_id": silence.row.id, "comment": body.comment},
    )
    told = {"silence_id": silence.row.id, **msgspec.to_builtins(body)}
    return Deed(action, caller, target=what, server_id=body.server_id, data=told, event=event)


def _removed(silence_id: str) -> Script[None]:
    if not (yield from sql.delete_silence(silence_id)):
        raise NotFoundError("no such silence")
