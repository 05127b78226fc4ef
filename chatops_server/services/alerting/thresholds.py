"""Thresholds: made, shown, changed and deleted; all of them in memory."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Final

import msgspec
from msgspec import UNSET

from chatops_server.broker.server_state import ServerState
from chatops_server.domain.alerts.readings import SERVER_UP, watched
from chatops_server.domain.alerts.rules import Rule, RuleError, rule
from chatops_server.domain.permissions import Principal
from chatops_server.errors import ForbiddenError, InvalidRequestError, NotFoundError, TooManyRequestsError
from chatops_server.services.access import Caller
from chatops_server.services.alerting.defaults import DEFAULTS
from chatops_server.services.alerting.scope import Reach, Scope, selector
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import thresholds as sql
from chatops_server.storage.sql.thresholds import ThresholdRow
from chatops_wire.metrics import MetricRef, UnknownMetricError
from chatops_wire.rest_alerts import ThresholdCreate, ThresholdPatch, ThresholdView
from chatops_wire.times import format_ms

# Each is looked at for every sample of every server it is for.
MAX_THRESHOLDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold, ready to judge by."""

    row: ThresholdRow
    rule: Rule
    ref: MetricRef
    reach: Reach

    @property
    def id(self) -> str:
        """By which it is known."""
        return self.row.id


class Thresholds:
    """The thresholds. `generation` counts their changes."""

    def __init__(self, storage: Storage, ledger: Ledger, scope: Scope, now_ms: Callable[[], int]) -> None:
        self._storage = storage
        self._ledger = ledger
        self._scope = scope
        self._now_ms = now_ms
        self._by_id: dict[str, Threshold] = {}
        self._changed_listeners: list[Callable[[str], None]] = []
        self.generation = 0

    def on_changed(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the id of each that is made, changed or deleted; it may not block or raise."""
        self._changed_listeners.append(listener)

    async def load(self) -> None:
        """Read all; on a hub's first start make the usual ones.

        Raises:
            StorageError: The database does not answer.
        """
        rows = await self._storage.write(_loaded(self._now_ms()))
        self._by_id = {row.id: prepared(row) for row in rows}
        self.generation += 1

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        rows = {row.id: row for row in await self._storage.read(sql.all_thresholds())}
        for threshold_id in keys:
            row, known = rows.get(threshold_id), self._by_id.get(threshold_id)
            if row is None and known is not None:
                del self._by_id[threshold_id]
                self._has_changed(threshold_id)
            elif row is not None and (known is None or known.row != row):
                self._put(prepared(row))

    def applying_to(self, state: ServerState) -> Iterator[Threshold]:
        """Yield the enabled thresholds of a server."""
        for each in self._by_id.values():
            if each.row.body.enabled and self._scope.covers(each.reach, state):
                yield each

    def is_known(self, threshold_id: str) -> bool:
        """Return whether there is such a threshold."""
        return threshold_id in self._by_id

    def listed(self, principal: Principal, server_id: str | None) -> list[ThresholdView]:
        """Return the thresholds of servers a user sees, oldest first; of one server those made for it."""
        found = [each for each in self._by_id.values() if self._scope.is_seen_by(each.reach, principal)]
        return [self._view(each, principal) for each in found if server_id in (None, each.row.body.server_id)]

    def get(self, threshold_id: str, principal: Principal) -> ThresholdView:
        """Return one threshold.

        Raises:
            NotFoundError: Unknown, or for no server that the user sees.
        """
        return self._view(self._seen(threshold_id, principal), principal)

    def check(self, body: ThresholdCreate, principal: Principal) -> None:
        """Refuse what `create` would refuse, and make nothing.

        Raises:
            InvalidRequestError, NotFoundError, ForbiddenError: As for `create`.
        """
        self._new(body, principal)

    async def create(self, body: ThresholdCreate, principal: Principal, caller: Caller) -> ThresholdView:
        """Add a threshold.

        Raises:
            InvalidRequestError: Something in it cannot be meant; the detail names the field.
            NotFoundError, ForbiddenError: The server is not the user's to see, or to manage.
            TooManyRequestsError: There are MAX_THRESHOLDS.
        """
        new = self._new(body, principal)
        if len(self._by_id) >= MAX_THRESHOLDS:
            raise TooManyRequestsError(f"at most {MAX_THRESHOLDS} thresholds", 3600)
        await self._ledger.commit(sql.add_threshold(new.row), _deed("threshold.create", new, caller))
        self._put(new)
        return self._view(new, principal)

    async def change(
        self, threshold_id: str, patch: ThresholdPatch, principal: Principal, caller: Caller
    ) -> ThresholdView:
        """Change a threshold; an open alert goes on under the new one, unless that is of another metric.

        Raises:
            InvalidRequestError, NotFoundError, ForbiddenError: As for `create`.
        """
        before = self._changeable(threshold_id, principal)
        body = patched(before.row.body, patch)
        if body.server_id != before.row.body.server_id:
            self._scope.require_create(body.server_id, principal)
        owner_id = before.row.owner_id if self._scope.has_owner(before.reach) else principal.user_id
        after = prepared(replace(before.row, body=body, owner_id=owner_id, updated_ms=self._now_ms()))
        await self._ledger.commit(_changed(after.row), _deed("threshold.update", after, caller))
        self._put(after)
        return self._view(after, principal)

    async def remove(self, threshold_id: str, principal: Principal, caller: Caller) -> None:
        """Delete a threshold; its open alerts end.

        Raises:
            NotFoundError, ForbiddenError: As for `create`.
        """
        known = self._changeable(threshold_id, principal)
        await self._ledger.commit(_removed(threshold_id), _deed("threshold.delete", known, caller))
        self._by_id.pop(threshold_id, None)
        self._has_changed(threshold_id)

    def _new(self, body: ThresholdCreate, principal: Principal) -> Threshold:
        self._scope.require_create(body.server_id, principal)
        now_ms = self._now_ms()
        return prepared(ThresholdRow(f"thr_{token_hex(8)}", principal.user_id, body, now_ms, now_ms))

    def _put(self, threshold: Threshold) -> None:
        self._by_id[threshold.id] = threshold
        self._has_changed(threshold.id)

    def _has_changed(self, threshold_id: str) -> None:
        self.generation += 1
        for listener in self._changed_listeners:
            listener(threshold_id)

    def _seen(self, threshold_id: str, principal: Principal) -> Threshold:
        known = self._by_id.get(threshold_id)
        if known is None or not self._scope.is_seen_by(known.reach, principal):
            raise NotFoundError("no such threshold")
        return known

    def _changeable(self, threshold_id: str, principal: Principal) -> Threshold:
        known = self._seen(threshold_id, principal)
        if not self._scope.may_change(known.reach, principal):
            raise ForbiddenError("this threshold is not yours to change")
        return known

    def _view(self, threshold: Threshold, principal: Principal) -> ThresholdView:
        row = threshold.row
        return ThresholdView(
            **msgspec.structs.asdict(row.body),
            id=row.id,
            owner_id=row.owner_id,
            created_at=format_ms(row.created_ms),
            updated_at=format_ms(row.updated_ms),
            may_change=self._scope.may_change(threshold.reach, principal),
        )


def prepared(row: ThresholdRow) -> Threshold:
    """Return a threshold ready to judge by.

    Raises:
        InvalidRequestError: Something in it cannot be meant; the detail names the field.
    """
    body = row.body
    try:
        ref = watched(body.metric)
    except UnknownMetricError as exc:
        raise InvalidRequestError(f"metric: {exc}") from exc
    if ref.metric.name == SERVER_UP and (body.window_s or body.no_data_s):
        field = "window_s" if body.window_s else "no_data_s"
        raise InvalidRequestError(f"{field}: server.up is known at any time")
    if body.window_s == 0 and body.aggregation != "last":
        raise InvalidRequestError("window_s: it is missing, how much is to be aggregated?")
    try:
        judged = rule(body.comparison, body.value, body.clear_value, body.for_s, body.keep_firing_s)
    except RuleError as exc:
        raise InvalidRequestError(str(exc)) from exc
    return Threshold(row, judged, ref, Reach(row.owner_id, body.server_id, selector(body.select)))


def patched(body: ThresholdCreate, patch: ThresholdPatch) -> ThresholdCreate:
    """Return the threshold with what the patch names."""
    changes = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
    return msgspec.structs.replace(body, **changes)


def _deed(action: str, threshold: Threshold, caller: Caller) -> Deed:
    body = threshold.row.body
    told = {"threshold_id": threshold.id, **msgspec.to_builtins(body)}
    return Deed(action, caller, target=body.name or body.metric, server_id=body.server_id, data=told)


def _loaded(now_ms: int) -> Script[list[ThresholdRow]]:
    if (yield from sql.mark_defaults_made()):
        for body in DEFAULTS:
            yield from sql.add_threshold(ThresholdRow(f"thr_{token_hex(8)}", None, body, now_ms, now_ms))
    return (yield from sql.all_thresholds())


def _changed(row: ThresholdRow) -> Script[None]:
    if not (yield from sql.change_threshold(row)):
        raise NotFoundError("no such threshold")


def _removed(threshold_id: str) -> Script[None]:
    if not (yield from sql.delete_threshold(threshold_id)):
        raise NotFoundError("no such threshold")
