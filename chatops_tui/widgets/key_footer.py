"""The one-line bar at the bottom: the keys that work here and now."""

from collections.abc import Sequence
from typing import Final

from textual.app import App
from textual.screen import Screen

from chatops_tui.render.hints import Hint, hint_line
from chatops_tui.render.spans import Cell
from chatops_tui.widgets.lines import Lines

# Of a dialog.
_HELP: Final = "F1"
_BACK: Final = "Back"


class KeyFooter(Lines):
    """Active bindings with `show=True`, one for each action, those of the focused widget first.

    Bindings of the app itself (help, quit) stay when others must go, and so do those whose action is in the
    `STAYING` of the widget they belong to. A disabled binding (`check_action` returns None) is dim.
    """

    DEFAULT_CSS = "KeyFooter { dock: bottom; height: 1; background: $panel; }"

    def on_mount(self) -> None:
        """Follow the bindings of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def compose_lines(self, width: int, _height: int) -> Sequence[Cell]:
        """Return the line."""
        return [hint_line(self._hints(), width)]

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.sync()

    def _hints(self) -> list[Hint]:
        found: dict[str, Hint] = {}
        back = ""
        for node, binding, enabled, _tooltip in self.screen.active_bindings.values():
            if binding.show and binding.action not in found:
                key = self.app.get_key_display(binding)
                is_app = isinstance(node, App)
                # The same key leaves the program only from its root.
                is_back = is_app and binding.action == "leave" and len(self.app.screen_stack) > 1
                back = binding.action if is_back else back
                label = _BACK if is_back else binding.description
                pinned = is_app or binding.action in getattr(node, "STAYING", ())
                found[binding.action] = Hint(key, label, enabled=enabled, pinned=pinned)
        if back:
            # The screen's own way back, where it does the same, would only say it twice.
            found = {action: hint for action, hint in found.items() if action == back or hint.label != _BACK}
        # What is asked for when nothing else helps stands where one looks for it.
        return sorted(found.values(), key=lambda hint: hint.key == _HELP)
