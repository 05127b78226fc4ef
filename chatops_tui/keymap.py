"""The keys that work everywhere, and how the help names where a key belongs."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen

from chatops_tui.screens.help import KeyGroup
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.scroll_back import ScrollBack

# Every binding has an id, so that a keymap of the user's own can name it.
EVERYWHERE: Final = (
    Binding("question_mark", "help", "Help", id="app.help", key_display="?"),
    # Works while one types, where ? is a character.
    Binding("f1", "help(True)", "Help", show=False, id="app.help-typing"),
    Binding("a", "alerts", "Alerts", id="app.alerts"),
    Binding("f2", "settings", "Settings", show=False, id="app.settings"),
    Binding("W", "audit", "Audit log", show=False, id="app.audit"),
    Binding("q", "leave", "Quit", id="app.back", tooltip="Back, in the fleet quit"),
    Binding("ctrl+p", "command_palette", "Find anything", show=False, id="app.palette", key_display="^p"),
    Binding("colon", "command_palette(':')", "Command line", show=False, id="app.command", key_display=":"),
    Binding("T", "next_theme", "Next theme", show=False, id="app.theme"),
    Binding("f5", "resync", "Reconnect, load anew", show=False, id="app.resync"),
    Binding("ctrl+q", "quit", "Quit at once", show=False, id="app.quit", priority=True),
)


def key_groups(active: Iterable[ActiveBinding], display: Callable[[Binding], str]) -> list[KeyGroup]:
    """Return the keys that work now, as the help lists them.

    Args:
        active: The bindings that are in reach.
        display: How a key is written.
    """
    groups: dict[str, dict[str, list[str]]] = {}
    for node, binding, enabled, _tooltip in active:
        # Textual's own have no id, and nothing to do with what is on the screen.
        if enabled and binding.id and binding.description and not binding.system:
            key, what = listed(binding)
            groups.setdefault(place_of(node), {}).setdefault(what, []).append(display(key))
    return [
        KeyGroup(place, [(" ".join(dict.fromkeys(keys)), what) for what, keys in found.items()])
        for place, found in sorted(groups.items(), reverse=True)
    ]


def listed(binding: Binding) -> tuple[Binding, str]:
    """Return what the help lists of a binding, and what it does.

    One with a tooltip speaks in the footer for several keys; the help lists it as the key it is.
    """
    return (
        (replace(binding, key_display=None), binding.tooltip)
        if binding.tooltip
        else (binding, binding.description)
    )


def place_of(node: DOMNode) -> str:
    """Return under which title the help lists the bindings of `node`."""
    if isinstance(node, LiveTable):
        return "In the list"
    if isinstance(node, ScrollBack):
        return "In the output"
    if isinstance(node, ModalScreen):
        return "In this dialog"
    return "Everywhere" if isinstance(node, App) else "On this screen"
