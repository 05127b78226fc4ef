"""Alerts between store and hub: what is asked for, how often, and what becomes of a refusal."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import pytest

from chatops_tui.alert_link import AlertLink
from chatops_tui.client.alert_calls import AlertQuery
from chatops_tui.client.http import Rest
from chatops_tui.requests import RequestFailedError
from chatops_tui.store.models import Event, Link, LinkChanged, LinkPhase
from chatops_tui.store.store import Store
from chatops_wire.rest_alerts import AlertView
from chatops_wire.times import format_ms

T = TypeVar("T")
NOTHING: frozenset[str] = frozenset()


def alert(alert_id: str, **given: Any) -> AlertView:  # noqa: ANN401 - whichever fields matter
    made: dict[str, Any] = {
        "server_id": "s1",
        "threshold_id": "t",
        "metric": "load.1",
        "severity": "warning",
        "status": "firing",
        "value": 9.0,
        "threshold_value": 8.0,
        "comparison": "gt",
        "message": "",
        "started_at": format_ms(0),
        "acknowledged_by": None,
        "resolved_at": None,
    }
    return AlertView(id=alert_id, **{**made, **given})


class Hub:
    """The REST interface about alerts, as far as the link needs it."""

    def __init__(self) -> None:
        self.queries: list[AlertQuery] = []
        self.fault = ""
        self.found: tuple[AlertView, ...] = ()
        self.done: list[tuple[str, str]] = []

    @property
    def alerts(self) -> "Hub":
        return self

    async def newest(self, query: AlertQuery) -> tuple[AlertView, ...]:
        self.queries.append(query)
        if self.fault:
            raise RequestFailedError(self.fault)
        return tuple(one for one in self.found if query.status in {"", one.status})

    async def acknowledge(self, alert_id: str, comment: str) -> AlertView:
        if self.fault:
            raise RequestFailedError(self.fault)
        self.done.append((alert_id, comment))
        return alert(alert_id, status="acknowledged")


class DeskDouble:
    """A link whose tasks the test owns."""

    def __init__(self, store: Store, hub: Hub, tasks: asyncio.TaskGroup) -> None:
        self._store = store
        self._hub = hub
        self._tasks = tasks

    @property
    def rest(self) -> Rest:
        return cast("Rest", self._hub)  # only what alerts need of it

    def apply(self, event: Event) -> None:
        self._store.apply(event, 0)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> bool:
        self._tasks.create_task(work, name=name)
        return True

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        return await work


def go_live(store: Store, since_ms: int) -> None:
    store.apply(LinkChanged(Link(LinkPhase.RECONNECTING)), since_ms)
    store.apply(LinkChanged(Link(LinkPhase.LIVE, since_ms=since_ms)), since_ms)


async def served(store: Store, hub: Hub, *rounds: frozenset[str]) -> AlertLink:
    """Serve what is wanted, round by round, until all of it is answered."""
    async with asyncio.TaskGroup() as tasks:
        link = AlertLink(store, DeskDouble(store, hub, tasks))
        for wanted in rounds:
            link.serve(wanted)
    return link


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def hub() -> Hub:
    return Hub()


async def test_nothing_is_asked_before_there_is_a_connection(store: Store, hub: Hub) -> None:
    await served(store, hub, frozenset({"s1"}))
    assert not hub.queries
    assert not store.alerts.is_loaded


async def test_what_is_open_is_asked_for_once_a_connection(store: Store, hub: Hub) -> None:
    hub.found = (alert("a"), alert("b", status="resolved", resolved_at=format_ms(1)))
    go_live(store, 1)
    await served(store, hub, NOTHING, NOTHING)
    assert [query.status for query in hub.queries] == ["firing", "acknowledged", "pending", ""]
    assert {one.id for one in store.alerts.all()} == {"a", "b"}
    assert store.alerts.is_loaded


async def test_the_past_of_a_server_is_asked_for_once_and_again_after_a_reconnection(
    store: Store, hub: Hub
) -> None:
    one = frozenset({"s1"})
    async with asyncio.TaskGroup() as tasks:
        link = AlertLink(store, DeskDouble(store, hub, tasks))
        go_live(store, 1)
        link.serve(one)
        link.serve(one)
        go_live(store, 2)
        link.serve(one)
        link.resync()
        link.serve(one)
    assert [query.server_id for query in hub.queries if query.server_id] == ["s1", "s1", "s1"]


async def test_a_refusal_is_kept_in_words(store: Store, hub: Hub) -> None:
    hub.fault = "The hub refused: no."
    go_live(store, 1)
    await served(store, hub, frozenset({"s1"}))
    assert store.alerts.reason == "The hub refused: no."
    assert not store.alerts.is_loaded


async def test_what_is_done_is_in_the_store_at_once_up_to_the_first_refusal(store: Store, hub: Hub) -> None:
    link = await served(store, hub)
    await link.do("acknowledge", ["a", "b"], "mine")
    assert hub.done == [("a", "mine"), ("b", "mine")]
    assert {one.view.status for one in store.alerts.all()} == {"acknowledged"}
    hub.fault = "No."
    with pytest.raises(RequestFailedError, match="No"):
        await link.do("acknowledge", ["c"], "")
    assert store.alerts.get("c") is None
