"""Which colours the UI has: what the settings say, else what was chosen last time, else what suits."""

from msgspec.structs import replace

from chatops_tui import themes
from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.kept_view import KeptView
from chatops_tui.terminal import Terminal


class ThemeChoice:
    """The themes of one app."""

    def __init__(self, app: LeanApp[object], terminal: Terminal, kept: KeptView, *, is_set: bool) -> None:
        """Make the themes known to `app`; `is_set`: the settings name one, which counts more than `kept`."""
        themes.register(app)
        self._app = app
        self._terminal = terminal
        self._kept = kept
        self._is_set = is_set

    @property
    def names(self) -> tuple[str, ...]:
        """What there is to choose from on this terminal."""
        return themes.names(is_poor=self._terminal.colour == "standard")

    def begin(self) -> None:
        """Set the first theme, before anything is drawn in its colours."""
        last = "" if self._is_set else self._kept.view.theme
        wanted = last if last in self.names else self._terminal.theme
        self._app.begin_in(wanted if wanted in self._app.available_themes else self.names[0])

    def take(self, name: str) -> None:
        """Change to this one, because somebody chose it."""
        self._app.theme = name
        self._kept.change(replace(self._kept.view, theme=name))

    def take_next(self) -> None:
        """Change to the one after this."""
        self.take(themes.after(self._app.theme, self.names))
