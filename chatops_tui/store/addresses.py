"""Where something is in the UI, in words: `web-1/containers/nginx`, `alerts/silences`, `db 01 logs`.

A slash or a space stands between the parts. A server's name may hold either: the longest name that fits is
taken, then what follows it.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

import msgspec

from chatops_tui.store.models import Row

_NEAR: Final = 3
_LIKE: Final = 0.5
_GAPS: Final = " /"

PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "fleet": (),
    "alerts": ("alerts", "thresholds", "silences", "channels"),
    "containers": (),
    "shells": (),
    "audit": (),
    "settings": ("thresholds", "channels", "users", "keys", "grants", "own", "retention"),
}
"""What is no server, and the tabs it has."""

TABS: Final[Mapping[str, str]] = {
    "overview": "overview",
    "processes": "processes",
    "procs": "processes",
    "ps": "processes",
    "disks": "disks",
    "network": "network",
    "host": "host",
    "logs": "logs",
    "console": "console",
    "docker": "docker",
    "containers": "docker",
    "shell": "shell",
    "shells": "shells",
}
"""What a server has, by the words it may be called with; `shell` and `shells` are no tabs but places."""


class Address(msgspec.Struct, frozen=True):
    """One place: that of a server has its id, any other the word of `PLACES`."""

    place: str = ""
    server_id: str = ""
    tab: str = ""
    container: str = ""
    """By its name; only with the tab `docker`."""
    container_tab: str = ""
    """`logs`, or empty."""


class UnknownAddressError(Exception):
    """There is no such place; the text is one sentence, neutralise before drawing."""


def parsed(text: str, rows: Iterable[Row]) -> Address:
    """Return the place that is meant; UnknownAddressError names what is near."""
    text = text.strip().removeprefix(":").strip(_GAPS)
    known = list(rows)
    word, rest = _first(text)
    tabs = PLACES.get(word.casefold())
    if tabs is not None and (not rest or _begun(rest, tabs)):
        return Address(place=word.casefold(), tab=_begun(rest, tabs))
    row = _server(text, known)
    if row is None and tabs is not None:
        raise UnknownAddressError(_no_tab(word, rest, tabs))
    if row is None:
        raise UnknownAddressError(_no_server(text, known))
    return _within(row, text[len(row.name) :] if _names(row.name, text) else _first(text)[1])


def _within(row: Row, rest: str) -> Address:
    word, rest = _first(rest.strip(_GAPS))
    if not word:
        return Address(server_id=row.id)
    called = _begun(word, tuple(TABS))
    if not called:
        raise UnknownAddressError(
            f"{row.name} has no {word!r}. There is {', '.join(dict.fromkeys(TABS.values()))}."
        )
    tab = TABS[called]
    if not rest:
        return Address(server_id=row.id, tab=tab)
    if tab != "docker":
        raise UnknownAddressError(f"Nothing is called {rest!r} in the {tab} of {row.name}.")
    name, _gap, last = rest.rpartition("/") if rest.endswith("/logs") else (rest, "", "")
    return Address(server_id=row.id, tab=tab, container=name or rest, container_tab=last)


def _server(text: str, rows: list[Row]) -> Row | None:
    """Return the server with the longest name `text` begins with, else the one its first word begins."""
    named = [row for row in rows if _names(row.name, text)]
    if named:
        return max(named, key=lambda row: len(row.name))
    word = _first(text)[0].casefold()
    begun = [row for row in rows if row.name.casefold().startswith(word)] if word else []
    return begun[0] if len(begun) == 1 else next((row for row in rows if row.id == word), None)


def _names(name: str, text: str) -> bool:
    rest = text[len(name) :]
    return text[: len(name)].casefold() == name.casefold() and (not rest or rest[0] in _GAPS)


def _first(text: str) -> tuple[str, str]:
    """Return the first part and the rest."""
    end = min((at for gap in _GAPS if (at := text.find(gap)) >= 0), default=len(text))
    return text[:end], text[end:].strip(_GAPS)


def _begun(word: str, known: tuple[str, ...]) -> str:
    """Return the one that is `word`, or the first that begins with it; empty: none, or nothing was said."""
    wanted = word.casefold()
    if not wanted:
        return ""
    return next(
        (one for one in known if one == wanted), next((one for one in known if one.startswith(wanted)), "")
    )


def _no_tab(place: str, rest: str, tabs: tuple[str, ...]) -> str:
    hint = f" There is {', '.join(tabs)}." if tabs else ""
    return f"Nothing is called {rest!r} in {place.casefold()}.{hint}"


def _no_server(text: str, rows: list[Row]) -> str:
    near = near_names(_first(text)[0], [row.name for row in rows])
    hint = f" Did you mean {' or '.join(near)}?" if near else " The fleet shows what there is."
    return f"No server is called {text!r}.{hint}"


def near_names(word: str, names: Iterable[str]) -> list[str]:
    """Return up to three names that look like `word`, or hold it, the likeliest first."""
    folded = {name.casefold(): name for name in names}
    wanted = word.casefold()
    close = get_close_matches(wanted, folded, n=_NEAR, cutoff=_LIKE)
    holding = [name for name in folded if wanted and wanted in name and name not in close]
    return [folded[name] for name in (*close, *holding)][:_NEAR]
