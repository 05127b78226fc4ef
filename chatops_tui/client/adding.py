"""Adding a server in one go: itself and the key for its agent."""

import contextlib
from collections.abc import Sequence

from chatops_tui.client.errors import HubError
from chatops_tui.client.http import Rest
from chatops_wire.rest import ApiKeyCreated, ServerView


async def add_server(rest: Rest, name: str, tags: Sequence[str]) -> tuple[ServerView, ApiKeyCreated]:
    """Return the new server and its key, which the hub tells this once; raises as `Rest` does."""
    view = await rest.create_server(name, tags)
    try:
        return view, await rest.create_api_key(view.id, "agent")
    except HubError:
        # Without its key it would only be in the way of the next attempt.
        with contextlib.suppress(HubError):
            await rest.delete_server(view.id)
        raise
