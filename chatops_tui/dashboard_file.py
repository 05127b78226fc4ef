"""The file of dashboards: read when it is looked at, and again when it has changed."""

import asyncio
from pathlib import Path
from typing import Final

from chatops_tui.requests import BoardsRead
from chatops_tui.store.dashboards import Boards, Fault, parse_boards

# A person's own file; what is larger is another one by mistake.
MOST_BYTES: Final = 1024 * 1024
NAME: Final = "dashboards.toml"


class DashboardFile:
    """`requests.BoardFile`; a file that is not there holds nothing, and is looked for again."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path

    @property
    def path(self) -> str:
        """Where it is, for a person."""
        return str(self._path)

    async def read(self, stamp: object) -> BoardsRead | None:
        """Return what it holds; None: nothing has changed since `stamp`."""
        return await asyncio.to_thread(self._read, stamp)

    def _read(self, stamp: object) -> BoardsRead | None:
        try:
            found = self._path.stat()
            now = (found.st_mtime_ns, found.st_size, found.st_ino)
            if now == stamp:
                return None
            if found.st_size > MOST_BYTES:
                return BoardsRead(now, Boards(faults=(Fault(1, "", "the file is larger than 1 MB"),)))
            return BoardsRead(now, parse_boards(self._path.read_text("utf-8")))
        except FileNotFoundError:
            return None if stamp == () else BoardsRead((), Boards(), is_missing=True)
        except (OSError, UnicodeDecodeError) as exc:
            said = getattr(exc, "strerror", None) or "it is no UTF-8 text"
            return None if stamp == said else BoardsRead(said, Boards(faults=(Fault(1, "", said),)))
