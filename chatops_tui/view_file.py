"""What this person chose to look at last time: kept in the state folder, and no loss if it goes."""

import os
from pathlib import Path
from typing import Final, Protocol

import msgspec

_FILE: Final = "view.json"


class KeptList(msgspec.Struct, frozen=True):
    """How one list was seen; empty: as it comes."""

    sort: str = ""
    descending: bool = False
    filter: str = ""
    hidden: tuple[str, ...] = ()
    """The columns one did not want to see, by their keys."""


class View(msgspec.Struct, frozen=True):
    """What is remembered; empty: nothing was chosen yet."""

    theme: str = ""
    sort: str = ""
    """The fleet's column."""
    descending: bool = False
    range: str = ""
    """Of the fleet's charts, by its label."""
    groups: str = ""
    """By what the fleet is grouped, as `store.fleet_rows.groupings` names it; empty: not."""
    heat: str = ""
    """Of what the fleet's map tells, `cpu`, `memory` or `disk`; empty: the table is seen."""
    lists: dict[str, KeptList] = msgspec.field(default_factory=dict)
    """Of every list, by its name."""
    ranges: dict[str, str] = msgspec.field(default_factory=dict)
    """Of every other screen's charts, by the screen's name."""
    toured: bool = False
    """Somebody has been shown what to press."""


class Kept(Protocol):
    """Remembers what one chose to look at (`kept_view.KeptView`)."""

    @property
    def view(self) -> View:
        """What was chosen."""
        ...

    def change(self, view: View) -> None:
        """Remember this."""
        ...


class Forgetful:
    """Remembers for as long as it is there."""

    def __init__(self) -> None:
        self._view = View()

    @property
    def view(self) -> View:
        """What was chosen."""
        return self._view

    def change(self, view: View) -> None:
        """Remember this."""
        self._view = view


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
