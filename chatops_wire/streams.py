"""Log lines as they are written: a file or a journal unit (docs/protocol.md, "Log streams")."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from chatops_wire.quantities import Name, Text

# What a person scrolls through; more is a download.
MAX_TAIL: Final = 10_000
StreamId = Annotated[str, Meta(min_length=1, max_length=64)]


class LogSource(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to follow: exactly one of the first three."""

    path: Annotated[str, Meta(max_length=4096)] | None = None
    unit: Annotated[str, Meta(max_length=256)] | None = None
    container: Annotated[str, Meta(max_length=256)] | None = None
    tail: Annotated[int, Meta(ge=0)] = 100
    """How many of the last lines come first; at most MAX_TAIL."""
    follow: bool = True
    """False: those lines, and then the end."""
    since: Annotated[str, Meta(max_length=64)] | None = None
    """Of a container only what was written between: RFC 3339, Unix seconds, or how long ago (`10m`)."""
    until: Annotated[str, Meta(max_length=64)] | None = None


class LogLine(Struct, frozen=True, kw_only=True):
    """One line without its newline; text, invalid bytes replaced."""

    ts: Name | None
    """RFC 3339 where the source tells the time of a line."""
    stream: Name
    """`stdout` or `stderr`; a file's and a unit's lines are `stdout`."""
    line: str


class StreamOpen(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="stream_open"):
    """Hub to agent: follow a source."""

    stream_id: StreamId
    source: LogSource
    window: Annotated[int, Meta(ge=0)] = 0
    """Lines the agent may send ahead of `stream_credit`; 0: as many as the connection takes."""


class StreamCredit(Struct, frozen=True, kw_only=True, tag_field="type", tag="stream_credit"):
    """So many more lines may come."""

    stream_id: StreamId
    lines: Annotated[int, Meta(ge=0)]


class StreamData(Struct, frozen=True, kw_only=True, tag_field="type", tag="stream_data"):
    """Agent to hub: lines in their order."""

    stream_id: StreamId
    lines: tuple[LogLine, ...]


class StreamClose(Struct, frozen=True, kw_only=True, tag_field="type", tag="stream_close"):
    """The end, asked for or told: `reason` in words, `code` where it was refused (`codes.Refusal`).

    Without a code there was no fault: somebody asked for the end, or the source is not to be followed.
    """

    stream_id: StreamId
    reason: Text = ""
    code: Name | None = None
