"""Where a shell is; imports nothing, so that screens can name a place before anything heavy is loaded."""

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where the shell is."""

    server_id: str
    server_name: str
    terminal_id: str = ""
    """A detached one to go back to; empty: a new one."""
    container: str | None = None
