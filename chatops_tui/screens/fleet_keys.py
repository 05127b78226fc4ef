"""The keys of the fleet, in the order of the footer."""

from typing import Final

from textual.binding import Binding, BindingType

from chatops_tui.screens.listing import list_keys

FLEET_KEYS: Final[tuple[BindingType, ...]] = (
    Binding("enter", "retry", "Try again", show=False, id="fleet.retry", key_display="⏎"),
    *list_keys("fleet"),
    Binding("x", "run", "Run", id="fleet.run"),
    Binding("t", "shell", "Shell", id="fleet.shell"),
    Binding("S", "shells", "Shells and recordings", show=False, id="fleet.shells"),
    Binding("d", "containers", "Docker", id="fleet.containers"),
    Binding("c", "compare", "Compare", show=False, id="fleet.compare", tooltip="Compare marked servers"),
    Binding("b", "dashboards", "Your dashboards", show=False, id="fleet.dashboards"),
    Binding("m", "heat_of", "What the map tells", show=False, id="fleet.heat-of"),
    Binding("A", "add", "Add", id="fleet.add"),
    Binding("u", "group", "Group", id="fleet.group", tooltip="Group by tag"),
    Binding("h", "heat", "Heat map", id="fleet.heat", tooltip="Heat map, or the table"),
    Binding("a", "add_first", "Add the first server", show=False, id="fleet.add-first"),
    Binding(
        "right_square_bracket",
        "range(1)",
        "Range",
        id="fleet.range-longer",
        key_display="[ ]",
        tooltip="Longer range",
    ),
    Binding("left_square_bracket", "range(-1)", "Shorter range", show=False, id="fleet.range-shorter"),
    Binding("P", "freeze", "Freeze the picture", show=False, id="fleet.freeze"),
    Binding("e", "edit", "Edit name and tags", show=False, id="fleet.edit"),
    Binding("D", "delete", "Delete the server", show=False, id="fleet.delete"),
    Binding("L", "sign_in", "Sign in elsewhere", show=False, id="fleet.sign-in"),
    Binding("escape", "clear", "Clear filter or marks", show=False, id="fleet.clear"),
)
