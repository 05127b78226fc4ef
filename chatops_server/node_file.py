"""Which hub had the data directory before: its place among others is free when the next one starts."""

from pathlib import Path
from typing import Final

from chatops_server.private_file import write_private

_NAME: Final = "node"


def succeed(data_dir: Path, node_id: str) -> str | None:
    """Note who has the directory from now on and return who had it; only for the process that holds it.

    Raises:
        OSError: It cannot be written.
    """
    path = data_dir / _NAME
    try:
        before = path.read_text(encoding="ascii").strip() or None
    except (FileNotFoundError, UnicodeError):
        before = None
    write_private(path, f"{node_id}\n".encode())
    return before
