"""What clients ask of the hub about terminals; data, size and credit are those of `terminals`."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chatops_wire.signing import Signature
from chatops_wire.terminals import Cells, TerminalId

RequestId = int | Annotated[str, Meta(max_length=200)]


class OpenTerminal(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="terminal_open"
):
    """Start a shell on a server; the `result` names its `terminal_id`."""

    id: RequestId | UnsetType = UNSET
    server_id: str
    cols: Cells
    rows: Cells
    term: Annotated[str, Meta(max_length=64)] = "xterm-256color"
    """The viewer's TERM."""
    container: Annotated[str, Meta(max_length=256)] | None = None
    """In this container instead of on the machine itself."""
    window: Annotated[int, Meta(ge=0)] = 0
    """Bytes the hub may send ahead of `terminal_credit`; 0: as much as the connection takes."""
    signature: Signature | None = None
    """Of an operator's key, for a server that asks for one; the hub passes it on."""


class AttachTerminal(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="terminal_attach"
):
    """Join a detached terminal: its screen comes first. Whoever viewed it is told `terminal_close`."""

    id: RequestId | UnsetType = UNSET
    server_id: str
    terminal_id: TerminalId
    cols: Cells
    rows: Cells
    term: Annotated[str, Meta(max_length=64)] = "xterm-256color"
    window: Annotated[int, Meta(ge=0)] = 0
    signature: Signature | None = None


class DetachTerminal(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="terminal_detach"
):
    """Leave the shell running; nothing more of it comes."""

    id: RequestId | UnsetType = UNSET
    terminal_id: TerminalId


class CloseTerminal(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="terminal_close"
):
    """End the shell and what runs in it; `server_id` where this connection does not view it."""

    id: RequestId | UnsetType = UNSET
    terminal_id: TerminalId
    server_id: str | None = None


class ListTerminals(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="terminal_list"
):
    """Which terminals run on a server; the `result` lists those you may attach."""

    id: RequestId | UnsetType = UNSET
    server_id: str


class TerminalEntry(Struct, frozen=True, kw_only=True):
    """A terminal that runs."""

    terminal_id: str
    server_id: str
    user_id: str | None
    """Who opened it; null when the hub does not know."""
    cols: int
    rows: int
    started_at: str
    detached: bool
