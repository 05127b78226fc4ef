"""What this person chose to look at last time: kept in the state folder, and no loss if it goes."""

import os
from pathlib import Path
from typing import Final

import msgspec

_FILE: Final = "view.json"


class View(msgspec.Struct, frozen=True):
    """What is remembered; empty: nothing was chosen yet."""

    theme: str = ""
    sort: str = ""
    """The fleet's column."""
    descending: bool = False
    range: str = ""
    """Of the fleet's charts, by its label."""


def remembered(folder: Path) -> View:
    """Return what was kept; a file that is not there, or not ours any more, means nothing."""
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=View)
    except (OSError, msgspec.DecodeError):
        return View()


def remember(folder: Path, view: View) -> None:
    """Keep it; OSError where the folder cannot be written."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Another UI of the same person may write it too: whole, and under a name of its own until then.
    part = folder / f"{_FILE}.{os.getpid()}"
    part.write_bytes(msgspec.json.encode(view))
    part.replace(folder / _FILE)
