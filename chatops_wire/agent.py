"""Messages between an agent and the hub (docs/protocol.md, "Agent WebSocket")."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chatops_wire.commands import (
    Command,
    CommandAttach,
    CommandCancel,
    CommandCredit,
    CommandForget,
    CommandOutput,
    CommandResponse,
    CommandStarted,
)
from chatops_wire.containers import (
    ContainerEvent,
    DockerCancel,
    DockerCommand,
    DockerProgress,
    DockerResponse,
)
from chatops_wire.policy import MachinePolicy, NarrowedTo
from chatops_wire.quantities import Fact, FactNumber, Name, Sequence, Whole, at_most
from chatops_wire.rotation import KeyAccepted, KeyOffer, KeyRefused, KeyStored
from chatops_wire.samples import Sample, SampleParts
from chatops_wire.streams import StreamClose, StreamCredit, StreamData, StreamOpen
from chatops_wire.terminals import (
    TerminalClose,
    TerminalCredit,
    TerminalData,
    TerminalDetach,
    TerminalList,
    TerminalOpen,
    TerminalOpened,
    TerminalResize,
    Terminals,
)

MAX_FRAME_BYTES = 1024 * 1024
MAX_BATCH = 120
MOST_CAPABILITIES = 32
AUTH_TIMEOUT_S = 10.0
HEARTBEAT_S = 10.0


class AgentInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts of the machine that change at most at a restart."""

    version: Fact = ""
    boot_id: Fact = ""
    hostname: Fact = ""
    os: Fact = ""
    kernel: Fact = ""
    arch: Fact = ""
    cpu_model: Fact = ""
    cpu_count: FactNumber = 0
    memory_total: FactNumber = 0
    docker_version: Fact = ""


class Auth(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="auth"):
    """The agent's first message. Without `epoch` each connection counts as a new one."""

    api_key: str
    protocol: Whole = 1
    epoch: Annotated[str, Meta(max_length=64)] = ""
    next_seq: Sequence = 1
    agent: AgentInfo = AgentInfo()
    capabilities: Annotated[tuple[Name, ...], at_most(MOST_CAPABILITIES)] = ()
    policy: MachinePolicy | None = None
    """What is meant by them on this machine, for people to read."""
    rotates_key: bool = False
    """Whether it takes a new key by `key_offer`."""


class Metrics(Sample, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="metrics"):
    """One live, numbered sample."""


class MetricsBatch(Struct, frozen=True, kw_only=True, tag_field="type", tag="metrics_batch"):
    """A backlog, ascending."""

    samples: Annotated[tuple[Sample, ...], Meta(min_length=1, max_length=MAX_BATCH)]


class Live(SampleParts, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="live"):
    """A sample shown and judged but never stored, while a backlog drains."""


class Gap(Struct, frozen=True, kw_only=True, tag_field="type", tag="gap"):
    """Sequences the agent had to drop, both ends included."""

    from_seq: Sequence
    to_seq: Sequence
    reason: Fact


class AuthSuccess(Struct, frozen=True, kw_only=True, tag_field="type", tag="auth_success"):
    """`last_seq`: newest stored sequence of this epoch, or 0. `interval_s`: None keeps the agent's own."""

    server_id: str
    message: str
    interval_s: float | None = None
    last_seq: int = 0
    backlog_per_s: int | UnsetType = UNSET
    """How many samples of a backlog to send a second; left out: as many as are acknowledged."""


class Ack(Struct, frozen=True, kw_only=True, tag_field="type", tag="ack"):
    """Everything up to `seq` of this epoch is on disk."""

    seq: int
    backlog_per_s: int | UnsetType = UNSET
    """Another rate than before, where it changes."""


class Pause(Struct, frozen=True, kw_only=True, tag_field="type", tag="pause"):
    """Keep what you have and send nothing for `ms`."""

    ms: int
    reason: str


class Configure(Struct, frozen=True, kw_only=True, tag_field="type", tag="configure"):
    """Sample this often from now on; None gives the agent's own interval back."""

    interval_s: Annotated[float, Meta(gt=0, le=3600)] | None = None


class Narrow(Struct, frozen=True, kw_only=True, tag_field="type", tag="narrow"):
    """Of what this machine allows the hub uses only these until it says otherwise; None: all of it."""

    allowed: NarrowedTo | None


class Error(Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """Why the peer is about to be closed."""

    code: str
    message: str


# What the hub asks of a machine, and what comes of it.
ActionRequest = (
    Command
    | CommandCredit
    | CommandCancel
    | CommandAttach
    | CommandForget
    | TerminalOpen
    | TerminalData
    | TerminalResize
    | TerminalCredit
    | TerminalDetach
    | TerminalClose
    | TerminalList
    | StreamOpen
    | StreamCredit
    | StreamClose
    | DockerCommand
    | DockerCancel
)
ActionReport = (
    CommandStarted
    | CommandOutput
    | CommandResponse
    | TerminalOpened
    | TerminalData
    | TerminalClose
    | Terminals
    | StreamData
    | StreamClose
    | DockerResponse
    | DockerProgress
    | ContainerEvent
)
FromAgent = Auth | Metrics | MetricsBatch | Live | Gap | KeyStored | KeyRefused | ActionReport
ToAgent = AuthSuccess | Ack | Pause | Configure | Narrow | Error | KeyOffer | KeyAccepted | ActionRequest
