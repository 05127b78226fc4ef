"""A moment of the past as a store: whoever draws servers draws that moment, and knows no difference. Pure."""

from typing import Final

from msgspec import structs

from chatops_tui.store.alerts import Alerts, AlertsAnswered
from chatops_tui.store.containers import Containers
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import Row
from chatops_tui.store.store import Store
from chatops_tui.store.vitals import read
from chatops_wire.rest import EventView, MetricsView
from chatops_wire.rest_moments import MomentView
from chatops_wire.times import parse_ms

WAITING: Final = "Loading that moment…"
NOTHING_NEAR: Final = "No sample is near this moment."


def past_store(
    store: Store, server_id: str, at_ms: int, moment: MomentView | None, absence: str = ""
) -> Store:
    """Return `store` with one server as it was at `at_ms`, on its agent's clock.

    Args:
        store: The present one; it must know the server.
        server_id: Which server.
        at_ms: The moment, Unix milliseconds.
        moment: What the hub knows of it; None: nothing (yet).
        absence: Why nothing is known; shown where something would be.
    """
    memory = store.server(server_id)
    if memory is None:
        return store
    sample = None if moment is None else _sample(moment)
    alerts, containers = Alerts(), Containers()
    if moment is not None:
        alerts.apply(AlertsAnswered(moment.alerts, whole_of="firing"))
    if sample is not None:
        containers.take_sample(sample, at_ms)
    made = _memory(memory, at_ms, sample, absence or NOTHING_NEAR)
    return store.with_server(made, alerts, containers)


def _memory(now: ServerMemory, at_ms: int, sample: MetricsView | None, absence: str) -> ServerMemory:
    # What is drawn of a server that is not known to have been there is drawn as of one that is away.
    view = structs.replace(now.row.view, status="offline" if sample is None else "online")
    vitals = None if sample is None else read(sample)
    sampled_ms = None if sample is None else parse_ms(sample.timestamp)
    made = ServerMemory(Row(view, vitals, sampled_ms, sampled_ms), sample, sample)
    made.reels, made.is_past, made.absence = now.reels, True, absence
    made.timeline = tuple(one for one in now.timeline if _is_by(one, at_ms))
    return made


def _sample(moment: MomentView) -> MetricsView | None:
    """Return the sample with the processes of about the same time."""
    if moment.sample is None:
        return None
    parts = structs.asdict(moment.sample)
    # It has no sequence here; whoever draws does not ask for it.
    return MetricsView(**{**parts, "processes": moment.processes, "server_id": moment.server_id, "seq": 1})


def _is_by(event: EventView, at_ms: int) -> bool:
    try:
        return parse_ms(event.ts) <= at_ms
    except (ValueError, OverflowError):
        return False
