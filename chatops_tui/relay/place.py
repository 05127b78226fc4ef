"""Where a shell is; imports nothing, so that screens can name a place before anything heavy is loaded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where the shell is."""

    server_id: str
    server_name: str
    terminal_id: str = ""
    """A detached one to go back to; empty: a new one."""
    container: str | None = None
