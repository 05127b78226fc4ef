"""Terminals on a machine, both ways between client, hub and agent (docs/protocol.md, "Terminals")."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from chatops_wire.quantities import Name, Text, Whole, at_most
from chatops_wire.signing import Signature

TerminalId = Annotated[str, Meta(min_length=1, max_length=64)]
# What a viewer may say; the agent brings it within what can be drawn on (docs/protocol.md).
Cells = Annotated[int, Meta(ge=0, le=65_535)]

# More than any agent opens.
MOST_TERMINALS: Final = 256
# What a newcomer is shown of a detached terminal.
REPLAY_BYTES: Final = 256 * 1024


class TerminalOpen(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="terminal_open"
):
    """Hub to agent: start a login shell in a PTY; or, with `attach`, join a detached one again."""

    terminal_id: TerminalId
    cols: Cells
    rows: Cells
    attach: bool = False
    term: Annotated[str, Meta(max_length=64)] = "xterm-256color"
    """The viewer's TERM."""
    container: Annotated[str, Meta(max_length=256)] | None = None
    """In this container instead of on the machine itself."""
    window: Annotated[int, Meta(ge=0)] = 0
    """Bytes the agent may send ahead of `terminal_credit`; 0: as much as the connection takes."""
    signature: Signature | None = None
    """The operator's, for machines that ask for one."""


class TerminalOpened(Struct, frozen=True, kw_only=True, tag_field="type", tag="terminal_opened"):
    """Agent to hub: the shell runs (or the replay of an attached one follows)."""

    terminal_id: TerminalId


class TerminalData(Struct, frozen=True, kw_only=True, tag_field="type", tag="terminal_data"):
    """Keys one way, output the other."""

    terminal_id: TerminalId
    data: bytes


class TerminalResize(Struct, frozen=True, kw_only=True, tag_field="type", tag="terminal_resize"):
    """The window has this size now."""

    terminal_id: TerminalId
    cols: Cells
    rows: Cells


class TerminalCredit(Struct, frozen=True, kw_only=True, tag_field="type", tag="terminal_credit"):
    """So many more bytes of output may come."""

    terminal_id: TerminalId
    bytes: Annotated[int, Meta(ge=0)]


class TerminalDetach(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="terminal_detach"
):
    """Leave the shell running without a viewer, until it is attached again."""

    terminal_id: TerminalId
    within_s: Annotated[float, Meta(ge=0)] | None = None
    """Its viewer was lost: end it unless it is attached within so many seconds."""


class TerminalClose(Struct, frozen=True, kw_only=True, tag_field="type", tag="terminal_close"):
    """The end, asked for or told: `reason` in words, `code` where it was refused (`codes.Refusal`)."""

    terminal_id: TerminalId
    reason: Text = ""
    code: Name | None = None
    exit_code: Whole | None = None


class TerminalList(Struct, frozen=True, kw_only=True, tag_field="type", tag="terminal_list"):
    """Hub to agent: tell which terminals there are."""

    request_id: str


class TerminalFacts(Struct, frozen=True, kw_only=True):
    """One terminal on the machine."""

    terminal_id: Name
    cols: Whole
    rows: Whole
    started_at: Name
    detached: bool


class Terminals(Struct, frozen=True, kw_only=True, tag_field="type", tag="terminals"):
    """The answer to `terminal_list`."""

    request_id: str
    items: Annotated[tuple[TerminalFacts, ...], at_most(MOST_TERMINALS)]
