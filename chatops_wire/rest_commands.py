"""Bodies and answers of REST about commands and terminals (`/commands`, `/terminals`)."""

from typing import Annotated

from msgspec import Meta, Struct

from chatops_wire.commands import LONGEST_TIMEOUT_S, OUTPUT_LIMIT_BYTES, CommandStatus
from chatops_wire.signing import Signature

Timeout = Annotated[float, Meta(gt=0, le=LONGEST_TIMEOUT_S)]
# A tebibyte: whoever wants all of an output gets it, and counters stay within 64 bits.
MaxOutput = Annotated[int, Meta(ge=0, le=2**40)]
MAX_BATCH_SERVERS = 1000
MAX_CONCURRENCY = 100


class CommandOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be run: `command` by `/bin/sh -c`, or `argv` as it stands."""

    command: str = ""
    argv: tuple[str, ...] = ()
    timeout_s: Timeout = 60.0
    stdin: str | None = None
    stdin_data: bytes | None = None
    """Instead of `stdin` where it is no text; base64."""
    cwd: str | None = None
    env: dict[str, str] = {}
    max_output: MaxOutput = OUTPUT_LIMIT_BYTES
    """Bytes the agent sends: the head as it comes, and at the end the tail of what lies beyond.

    The hub keeps 16 MiB, also of more; followers see all that is sent.
    """


class CommandCreate(CommandOrder, frozen=True, kw_only=True, omit_defaults=True):
    """A command for one server."""

    server_id: str
    wait: bool = True
    """Answer when it has ended; else at once, with 202."""
    signature: Signature | None = None
    """Of an operator's key, for a server that asks for one; the hub passes it on."""


class CommandView(Struct, frozen=True, kw_only=True):
    """A command and what became of it."""

    command_id: str
    server_id: str
    user_id: str | None
    command: str
    status: CommandStatus
    exit_code: int | None = None
    signal: int | None = None
    output: str = ""
    """Text, invalid bytes replaced; in lists only how it begins."""
    output_bytes: int = 0
    truncated: bool = False
    duration_ms: int | None = None
    started_at: str | None = None
    """None while it waits its turn in a batch."""
    created_at: str = ""
    finished_at: str | None = None
    batch_id: str | None = None
    argv: tuple[str, ...] = ()
    cwd: str | None = None
    timeout_s: float = 60.0
    code: str | None = None
    """Why it was refused (`codes.Refusal`), lost or not begun."""
    message: str = ""
    output_sha256: str | None = None
    """Of the bytes kept; equal for equal outputs. None until it has ended."""


class CommandCancelCreate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to end a command: TERM and after a grace KILL, or with `force` KILL at once."""

    force: bool = False


class BatchCreate(CommandOrder, frozen=True, kw_only=True, omit_defaults=True):
    """One command on several servers: those named, and those a selector means."""

    server_ids: Annotated[tuple[str, ...], Meta(max_length=MAX_BATCH_SERVERS)] = ()
    select: Annotated[str, Meta(max_length=1024)] = ""
    concurrency: Annotated[int, Meta(ge=1, le=MAX_CONCURRENCY)] = 10
    """How many may run at once."""
    stop_after_failures: Annotated[int, Meta(ge=1)] | None = None
    """Once so many have failed no more are begun; None: never."""
    signatures: dict[str, Signature] = {}
    """By server id, for servers that ask for one."""


class BatchItem(Struct, frozen=True, kw_only=True):
    """One command of a batch."""

    command_id: str
    server_id: str
    status: CommandStatus


class BatchView(Struct, frozen=True, kw_only=True):
    """A batch that was taken; `GET /commands?batch_id=` follows it."""

    batch_id: str
    items: tuple[BatchItem, ...]


class TerminalView(Struct, frozen=True, kw_only=True):
    """A terminal that was opened."""

    terminal_id: str
    server_id: str
    user_id: str | None
    opened_at: str
    closed_at: str | None
    """None while it runs."""
    reason: str
    """Why it was closed."""
    recorded_bytes: int | None
    """Size of its recording; None when there is none."""
