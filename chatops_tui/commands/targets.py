"""Which servers somebody means who types names."""

from collections.abc import Sequence

from chatops_wire.rest import ServerView


class UnknownServerError(Exception):
    """No server, or more than one, is called that; the text is a sentence."""


def named(servers: Sequence[ServerView], wanted: Sequence[str]) -> list[ServerView]:
    """Return the servers that are called by name or id, each once, in the order they were typed.

    Raises:
        UnknownServerError: The first that is none, or not just one.
    """
    found = {each.id: each for name in wanted for each in [_one(servers, name)]}
    return list(found.values())


def _one(servers: Sequence[ServerView], name: str) -> ServerView:
    for server in servers:
        if server.id == name:
            return server
    same = [server for server in servers if server.name == name]
    if not same:
        raise UnknownServerError(f"no server is called {name!r}: `chatops servers` shows them")
    if len(same) > 1:
        ids = ", ".join(server.id for server in same)
        raise UnknownServerError(f"{len(same)} servers are called {name!r}; say which: {ids}")
    return same[0]
