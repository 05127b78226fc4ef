"""`chatops servers`: every server and how it is, as a table or as JSON."""

import time
from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from chatops_tui.client.connect import Hub
from chatops_tui.commands.say import console, drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render import numbers
from chatops_tui.render.severity import Level, glyph, ink, level, worst
from chatops_tui.store.vitals import Vitals, read
from chatops_wire.rest import ServerView
from chatops_wire.times import parse_ms

# The heading, and whether its values are numbers, which end at the right.
_COLUMNS: Final = (
    (" ", False),
    ("SERVER", False),
    ("STATUS", False),
    ("CPU", True),
    ("MEM", True),
    ("DISK", True),
    ("NET ↓", True),
    ("NET ↑", True),
    ("LOAD", True),
    ("SEEN", True),
    ("TAGS", False),
)


def show_servers(settings: Settings, *, as_json: bool) -> int:
    """Show every server the user may see and return the exit status."""

    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        if as_json:
            say_json(servers)
        elif not servers:
            empty = "no servers yet: `chatops add NAME` adds one"
            console(settings).print(drawn(settings, empty), soft_wrap=True)
        else:
            console(settings).print(table(settings, servers, time.time()))
        return ExitCode.DONE

    return with_hub(settings, job)


def table(
    settings: Settings, servers: Sequence[ServerView], now_s: float, *, is_sorted: bool = False
) -> Table:
    """Return the servers as rows, by name.

    Args:
        settings: What the terminal can show.
        servers: Remote text in them is made harmless.
        now_s: Unix seconds; SEEN counts from it.
        is_sorted: They stay in the order in which they come.
    """
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for title, is_number in _COLUMNS:
        heading = drawn(settings, title, "strong")
        # Only the tags give way where the terminal is narrow.
        grid.add_column(heading, justify="right" if is_number else "left", no_wrap=title != "TAGS")
    ordered = servers if is_sorted else sorted(servers, key=lambda server: server.name.casefold())
    for server in ordered:
        grid.add_row(*_row(settings, server, now_s))
    return grid


def _row(settings: Settings, server: ServerView, now_s: float) -> tuple[Text, ...]:
    vitals = read(server.latest) if server.latest else None
    standing = _standing(server, vitals)
    online = server.status == "online"

    def percent(value: float | None) -> Text:
        return drawn(settings, numbers.percent(value), ink(level(value)) if online else "off")

    def other(text: str) -> Text:
        return drawn(settings, text, "text" if online else "off")

    return (
        drawn(settings, glyph(standing), ink(standing)),
        drawn(settings, server.name, "strong"),
        drawn(settings, server.status, "ok" if online else "off"),
        percent(vitals.cpu if vitals else None),
        percent(vitals.memory if vitals else None),
        percent(vitals.disk if vitals else None),
        other(numbers.rate(vitals.rx if vitals else None)),
        other(numbers.rate(vitals.tx if vitals else None)),
        other(numbers.load(vitals.load if vitals else None)),
        other(_seen(server, now_s)),
        drawn(settings, " ".join(server.tags), "muted"),
    )


def _standing(server: ServerView, vitals: Vitals | None) -> Level:
    if server.status != "online":
        return Level.OFF
    if vitals is None:
        return Level.OK
    return worst((Level.OK, *map(level, (vitals.cpu, vitals.memory, vitals.disk))))


def _seen(server: ServerView, now_s: float) -> str:
    if server.last_seen is None:
        return "never"
    try:
        return numbers.age(now_s - parse_ms(server.last_seen) / 1000)
    except ValueError:
        # A hub that writes no RFC 3339 is no reason to show nothing at all.
        return numbers.MISSING
