"""Commands on a machine: what the hub orders and what the agent tells (docs/protocol.md, "Commands")."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from chatops_wire.quantities import Count, Name, Sequence, Text, Whole
from chatops_wire.signing import Signature

CommandId = Annotated[str, Meta(min_length=1, max_length=64)]
OutputStream = Literal["stdout", "stderr"]
CommandStatus = Literal["running", "succeeded", "failed", "timed_out", "cancelled", "refused", "lost"]
FinalStatus = Literal["succeeded", "failed", "timed_out", "cancelled", "refused", "lost"]

# A chunk is small enough that a keystroke of another terminal or an ack is never far behind it.
CHUNK_BYTES: Final = 32 * 1024
# SSH's habit: as much as a round trip at full speed needs; refilled when half of it is used.
WINDOW_BYTES: Final = 256 * 1024
OUTPUT_LIMIT_BYTES: Final = 16 * 1024 * 1024
# A day: longer than anybody waits for a command; what runs for ever is a service's work.
LONGEST_TIMEOUT_S: Final = 86_400.0
# Half of the output limit, but at most this much, is kept from the output's end.
TAIL_BYTES: Final = 8 * 1024 * 1024


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="command"):
    """Run a command in its own session: `argv` as it stands, else `command` by `/bin/sh -c`.

    Values out of bounds are the agent's to refuse: a frame that does not decode is never answered.
    """

    command_id: CommandId
    command: str = ""
    argv: tuple[str, ...] = ()
    timeout_s: float = field(default_factory=lambda: 60.0)
    """Above 0, at most a day; from its start to the end of its main process. Always sent: agents of others
    look for it."""
    stdin: str = ""
    stdin_data: bytes = b""
    """Instead of `stdin` where it is no text; without both it reads the end of a file at once."""
    cwd: str | None = None
    env: dict[str, str] = {}
    """Added to the agent's clean environment."""
    max_output: Annotated[int, Meta(ge=0)] = OUTPUT_LIMIT_BYTES
    """Bytes kept: the head, sent as it comes, and the tail (half of them, at most 8 MiB), sent when the
    command has ended. What lies between is read and counted only."""
    window: Annotated[int, Meta(ge=0)] = 0
    """Bytes the agent may send ahead of `command_credit`; 0: as much as the connection takes."""
    not_after: str | None = None
    """RFC 3339: later than this it is refused, so that an outage does not run it an hour late."""
    signature: Signature | None = None
    """The operator's, for machines that ask for one."""


class CommandCredit(Struct, frozen=True, kw_only=True, tag_field="type", tag="command_credit"):
    """So many more bytes of output may come; `through_seq` and all before need not be sent again."""

    command_id: CommandId
    bytes: Annotated[int, Meta(ge=0)]
    through_seq: Annotated[int, Meta(ge=0)] = 0


class CommandCancel(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="command_cancel"
):
    """TERM to the whole group, after a grace KILL; `force` kills at once. Once more is no error."""

    command_id: CommandId
    force: bool = False


class CommandAttach(Struct, frozen=True, kw_only=True, tag_field="type", tag="command_attach"):
    """After a reconnect: send every chunk beyond `after_seq` again, then go on; unknown: `lost`.

    The window counts from here: what was granted before is void.
    """

    command_id: CommandId
    after_seq: Annotated[int, Meta(ge=0)]


class CommandForget(Struct, frozen=True, kw_only=True, tag_field="type", tag="command_forget"):
    """The hub has stored the result: the agent need not keep it any longer."""

    command_id: CommandId


class CommandStarted(Struct, frozen=True, kw_only=True, tag_field="type", tag="command_started"):
    """The command runs; told again after each `command_attach` while it does."""

    command_id: CommandId
    pid: Whole


class CommandOutput(Struct, frozen=True, kw_only=True, tag_field="type", tag="command_output"):
    """A chunk; `seq` counts the chunks of one command from 1, both streams together."""

    command_id: CommandId
    seq: Sequence
    stream: OutputStream
    data: bytes


class CommandResponse(Struct, frozen=True, kw_only=True, tag_field="type", tag="command_response"):
    """The end of a command: an exit code or the number of a signal, never both."""

    command_id: CommandId
    status: FinalStatus
    exit_code: Whole | None = None
    signal: Whole | None = None
    duration_ms: Count = 0
    truncated: bool = False
    output_bytes: Count = 0
    """Of both streams, whether kept or not."""
    code: Name | None = None
    """Why it was refused (`codes.Refusal`)."""
    message: Text = ""


class CommandFinished(Struct, frozen=True, kw_only=True, tag_field="type", tag="command_finished"):
    """To clients: the end of a command they follow."""

    command_id: CommandId
    status: FinalStatus
    exit_code: int | None
    signal: int | None
    output_bytes: int
    truncated: bool
    duration_ms: int
    code: str | None = None
    """Why it was refused (`codes.Refusal`)."""
    message: str = ""
