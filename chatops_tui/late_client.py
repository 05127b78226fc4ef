"""The client, imported in a thread once the first frame is on screen: aiohttp costs a quarter of a second."""

import asyncio
from typing import TYPE_CHECKING

from chatops_tui.config import Settings, config_dir

if TYPE_CHECKING:
    from chatops_tui.client.session import SessionStore


async def opened_sessions(settings: Settings) -> "SessionStore":
    """Return where the sessions of these settings are kept."""
    await asyncio.to_thread(_import)
    from chatops_tui.client.session_file import SessionFile  # noqa: PLC0415 - only now
    from chatops_tui.client.session_memory import SessionMemory  # noqa: PLC0415 - likewise

    return SessionFile(config_dir()) if settings.tokens is None else SessionMemory()


def _import() -> None:
    import chatops_tui.client.connect  # noqa: PLC0415 - this is what the thread is for
    import chatops_tui.client.session_file  # noqa: PLC0415 - likewise
    import chatops_tui.client.session_memory  # noqa: F401, PLC0415 - likewise
