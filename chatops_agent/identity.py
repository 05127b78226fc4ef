"""Which server this machine is, as it was told the first time; no hub may say otherwise later."""

import asyncio
import logging
import os
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_NAME: Final = "server_id"
_MAX_CHARS: Final = 128


class Identity:
    """The id signed requests must name.

    Kept in the data directory, for a hub that was taken over could else hand this machine what an operator
    signed for another. A machine that is to be another server needs its file deleted.
    """

    def __init__(self, folder: Path | None) -> None:
        """Take up what an earlier agent was told; blocks for one small file. None keeps nothing."""
        self._path = None if folder is None else folder / _NAME
        self._server_id = _kept(self._path)

    @property
    def server_id(self) -> str:
        """The id; empty before the first hub has told one."""
        return self._server_id

    async def meet(self, server_id: str) -> None:
        """Hear what a hub calls this machine; the first one is believed and written down."""
        if not self._server_id:
            self._server_id = server_id
            await asyncio.to_thread(self._keep)
        elif server_id != self._server_id:
            log.warning(
                "the hub takes this machine for another server: what is signed for that one is refused here",
                extra={"known_as": self._server_id, "called": server_id[:_MAX_CHARS]},
            )

    def _keep(self) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{self._server_id}\n")
        except OSError as exc:
            # Until this agent ends it is remembered all the same.
            log.warning("the server's id cannot be kept", extra={"reason": exc.strerror})


def _kept(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_MAX_CHARS).strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as exc:
        log.warning("the server's id cannot be read", extra={"reason": str(exc)})
        return ""
