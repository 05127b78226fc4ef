"""What the tabs of the settings read and write alike: moments, choices, servers by name."""

from collections.abc import Mapping, Sequence

from chatops_tui.clock import moment
from chatops_tui.render.text import clean
from chatops_tui.screens.context import Context
from chatops_tui.store.addresses import near_names
from chatops_tui.store.alert_texts import WrongTextError
from chatops_wire.times import parse_ms


def when(text: str | None, given: Context) -> str:
    """Return an RFC 3339 time as people read it, `never` for none."""
    try:
        return moment(parse_ms(text), given.now_ms(), given.zone) if text else "never"
    except (ValueError, OverflowError):
        return clean(text or "", 12)


def one_of(typed: str, known: Sequence[str], label: str) -> str:
    """Return the one that is begun; WrongTextError."""
    wanted = typed.strip().lower()
    found = next((one for one in known if wanted and one.startswith(wanted)), "")
    if not found:
        raise WrongTextError(f"{label}: {typed!r} is none of {', '.join(known)}")
    return found


def server_called(wanted: str, names: Mapping[str, str]) -> str:
    """Return the id of the server of this name, of names by id; WrongTextError."""
    by_name = {name: server_id for server_id, name in names.items()}
    if wanted not in by_name:
        near = near_names(wanted, by_name)
        hint = f"; like it are {', '.join(near)}" if near else ""
        raise WrongTextError(f"Server: none is called {wanted!r}{hint}")
    return by_name[wanted]
