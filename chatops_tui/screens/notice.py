"""A few centred lines in place of a list: loading, nothing there, cannot connect."""

from chatops_tui.render import numbers
from chatops_tui.render.spans import Cell, Span, width
from chatops_tui.render.text import clean
from chatops_tui.screens.live import retry_hint
from chatops_tui.store.models import LinkPhase
from chatops_tui.store.store import Store
from chatops_tui.widgets.lines import Lines


class Notice(Lines):
    """Lines in the middle of whatever room there is."""

    DEFAULT_CSS = "Notice { height: 1fr; }"

    _said: tuple[Cell, ...] = ()

    def say(self, lines: list[Cell]) -> None:
        """Show these lines; clean text."""
        if tuple(lines) != self._said:
            self._said = tuple(lines)
            self.sync()

    def compose_lines(self, columns: int, rows: int) -> list[Cell]:
        """Return the lines with blank space above and to the left."""
        above: list[Cell] = [[]] * max(0, (rows - len(self._said)) // 2 - 1)
        return [*above, *(_centred(line, columns) for line in self._said)]


def fleet_notice(store: Store, address: str, now_ms: int) -> list[Cell]:
    """Return what stands in place of the fleet while there is none."""
    hub: Span = (clean(address), "strong")
    if store.is_loaded and store.user is not None and store.user.role == "viewer":
        return [
            [("No servers yet", "strong")],
            [],
            [("You see those that are shared with you; an operator or admin can add one.", "muted")],
        ]
    if store.is_loaded:
        return [
            [("No servers yet", "strong")],
            [],
            [
                ("Press ", "muted"),
                ("a", "accent"),
                (" to add one: you get a key and the line to run there.", "muted"),
            ],
        ]
    link = store.link
    if link.phase is LinkPhase.SIGN_IN:
        return [[("Sign in to ", "muted"), hub]]
    if link.phase in {LinkPhase.CONNECTING, LinkPhase.LIVE}:
        return _connecting(store, hub)
    return [
        _fault(link.phase, hub),
        [],
        [(clean(link.reason), "text")],
        [],
        list(retry_hint(store, now_ms, "Enter")),
        [("L", "accent"), (" another hub   ", "muted"), ("q", "accent"), (" quit", "muted")],
    ]


def _fault(phase: LinkPhase, hub: Span) -> Cell:
    if phase is LinkPhase.UPDATE_NEEDED:
        return [("⇡ ", "crit"), ("This terminal and the hub do not understand each other", "strong")]
    return [("✖ ", "crit"), ("No connection to the hub at ", "strong"), hub]


def _connecting(store: Store, hub: Span) -> list[Cell]:
    verb = "Loading the fleet from " if store.link.phase is LinkPhase.LIVE else "Connecting to "
    lines: list[Cell] = [[(verb, "muted"), hub, ("…", "muted")]]
    if store.link.attempt:
        lines.append([(f"attempt {numbers.count(store.link.attempt + 1)}", "muted")])
    return lines


def _centred(line: Cell, columns: int) -> Cell:
    return [(" " * max(0, (columns - width(line)) // 2), "text"), *line]
