"""Bodies and answers of REST about commands (`/commands`)."""

from typing import Annotated

from msgspec import Meta, Struct

from chatops_wire.commands import CommandStatus


class CommandCreate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command to run: `command` by `/bin/sh -c`, or `argv` as it stands."""

    server_id: str
    command: str = ""
    argv: tuple[str, ...] = ()
    timeout_s: float = 60.0
    stdin: str | None = None
    cwd: str | None = None
    env: dict[str, str] = {}
    wait: bool = True
    """Answer when it has ended; else at once, with 202."""


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
    batch_id: str | None = None
    argv: tuple[str, ...] = ()
    cwd: str | None = None
    timeout_s: float = 60.0
    code: str | None = None
    """Why it was refused (`codes.Refusal`)."""
    message: str = ""


class CommandCancelCreate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to end a command: TERM and after a grace KILL, or with `force` KILL at once."""

    force: bool = False


class BatchCreate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command on several servers: those named, and those a selector means."""

    server_ids: Annotated[tuple[str, ...], Meta(max_length=1000)] = ()
    select: Annotated[str, Meta(max_length=1024)] = ""
    command: str = ""
    argv: tuple[str, ...] = ()
    timeout_s: float = 60.0
    stdin: str | None = None
    cwd: str | None = None
    env: dict[str, str] = {}
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 10
    """How many may run at once."""
    stop_after_failures: Annotated[int, Meta(ge=1)] | None = None
    """Once so many have failed no more are begun; None: never."""


class BatchItem(Struct, frozen=True, kw_only=True):
    """One command of a batch."""

    command_id: str
    server_id: str
    status: CommandStatus


class BatchView(Struct, frozen=True, kw_only=True):
    """A batch that was taken; `GET /commands?batch_id=` follows it."""

    batch_id: str
    items: tuple[BatchItem, ...]
