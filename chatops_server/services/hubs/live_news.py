"""What hubs tell each other of the live view: news in batches, and pages of what stands."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from chatops_wire.agent import AgentInfo
from chatops_wire.client import PullFinished, PullProgress
from chatops_wire.containers import Container
from chatops_wire.policy import MachinePolicy
from chatops_wire.rest import EventView
from chatops_wire.rest_alerts import AlertView

LIVE: Final = "live"
"""Batches go to `live.<node>`."""


class Came(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="came"):
    """A server's agent is connected to the hub that tells it."""

    server_id: str
    at_ms: int
    host: AgentInfo
    capabilities: tuple[str, ...]
    policy: MachinePolicy | None = None


class Left(Struct, frozen=True, kw_only=True, tag="left"):
    """It no longer is."""

    server_id: str


class Sampled(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sampled"):
    """A new sample of a server."""

    server_id: str
    sample: Raw
    """broker.sample_frames.stored_body."""
    at_ms: int = 0
    """When it came; 0: it is not the server's latest."""
    epoch: str = ""
    seq: int = 0
    is_live: bool = False
    clock_ahead_ms: int | None = None
    is_news: bool = False
    """Whether those who watch the server are told of it: not one of a backlog."""


class Configured(Struct, frozen=True, kw_only=True, tag="configured"):
    """An agent was asked for another interval."""

    server_id: str
    interval_s: float | None


class ContainerChanged(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="container"):
    """What happened to a container, beside what samples tell."""

    server_id: str
    action: str
    container: Container
    is_news: bool = False
    is_told_at_once: bool = False
    """Whether an agent told it that does not wait for its next sample."""


class Pulled(Struct, frozen=True, kw_only=True, tag="pulled"):
    """How far a pull of an image is."""

    server_id: str
    message: PullProgress | PullFinished


class Recorded(Struct, frozen=True, kw_only=True, tag="event"):
    """A new entry of the timeline."""

    event: EventView


class AlertChanged(Struct, frozen=True, kw_only=True, tag="alert"):
    """An alert as it now stands."""

    alert: AlertView


News = Came | Left | Sampled | Configured | ContainerChanged | Pulled | Recorded | AlertChanged


class Batch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened at one hub since its last one; an empty one says that it is there."""

    node: str
    number: int
    """Counts up by one; where one is missing, what stands is asked for."""
    news: tuple[Raw, ...] = ()
    watched: tuple[str, ...] | None = None
    """The servers that are watched there; None: as before."""
    is_last: bool = False
    """Whether the hub stops."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A question for a page of what stands at a hub."""

    after: str = ""
    """The last server's id of the page before."""


class Page(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The servers whose agents a hub holds, in the order of their ids."""

    held: tuple[str, ...] = ()
    news: tuple[Raw, ...] = ()
    is_whole: bool = True
    """Whether no page follows."""


_batches: Final = msgspec.json.Decoder(Batch)
_wanted: Final = msgspec.json.Decoder(Wanted)
_pages: Final = msgspec.json.Decoder(Page)
_news: Final = msgspec.json.Decoder(News)
_encoder: Final = msgspec.json.Encoder()


def raw(news: News) -> Raw:
    """Return news as they travel."""
    return Raw(_encoder.encode(news))


def understood(told: Sequence[Raw]) -> Iterator[News]:
    """Yield news; what a hub of another version tells and this one does not know is left out."""
    for each in told:
        try:
            yield _news.decode(each)
        except msgspec.DecodeError:
            continue


def encoded(message: Batch | Wanted | Page) -> bytes:
    """Return a message as it travels."""
    return _encoder.encode(message)


def batch_in(payload: bytes) -> Batch:
    """Return the batch; raises msgspec.DecodeError."""
    return _batches.decode(payload)


def wanted_in(payload: bytes) -> Wanted:
    """Return the question; raises msgspec.DecodeError."""
    return _wanted.decode(payload)


def page_in(payload: bytes) -> Page:
    """Return the page; raises msgspec.DecodeError."""
    return _pages.decode(payload)
