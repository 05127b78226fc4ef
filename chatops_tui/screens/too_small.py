"""What is shown where there is no room for a screen: how the fleet is, in the order of importance."""

from collections.abc import Sequence
from typing import Final

from chatops_tui.render import numbers
from chatops_tui.render.severity import Level, glyph, ink
from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean
from chatops_tui.screens.facts import LEVELS
from chatops_tui.store.models import Health, Row
from chatops_tui.store.store import Store
from chatops_tui.widgets.lines import Lines

LEAST_COLUMNS: Final = 60
LEAST_ROWS: Final = 16
_SAID: Final = f"This terminal is too small: {LEAST_COLUMNS}x{LEAST_ROWS} at least."
_SAID_SHORT: Final = f"{LEAST_COLUMNS}x{LEAST_ROWS} at least"


class TooSmall(Lines):
    """Displayed by CSS below the least size, in place of everything else."""

    DEFAULT_CSS = "TooSmall { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._store: Store | None = None

    def show(self, store: Store) -> None:
        """Draw how this fleet is."""
        self._store = store
        self.sync()

    def compose_lines(self, width: int, height: int) -> Sequence[Cell]:
        """Return counts, then the servers that need somebody, then what size is needed."""
        said: Cell = [(_SAID if width >= len(_SAID) else _SAID_SHORT, "muted")]
        store = self._store
        if store is None or not store.is_loaded:
            return [said]
        lines: list[Cell] = [_counts(store)]
        # The last line is for what would help; with one line alone the counts matter more.
        lines += [_server(row) for row in _worst(store)[: max(0, height - 2)]]
        return [*lines, said] if height > 1 else lines


def _counts(store: Store) -> Cell:
    total, firing = store.counted(), store.alerts.counted()
    pieces: list[Span] = []
    for amount, level in (
        (total.critical, Level.CRIT),
        (total.warning, Level.WARN),
        (total.offline + total.never, Level.OFF),
        (total.up - total.warning - total.critical, Level.OK),
    ):
        if amount:
            pieces.append((f"{glyph(level)} {amount}  ", ink(level)))
    alerts = firing.critical + firing.warning + firing.info
    if alerts:
        pieces.append((f"alerts {alerts}", "crit" if firing.critical else "warn"))
    return pieces or [("no servers", "muted")]


def _worst(store: Store) -> list[Row]:
    troubled = [
        row for row in store.rows() if row.health in {Health.CRITICAL, Health.OFFLINE, Health.WARNING}
    ]
    return sorted(troubled, key=lambda row: (row.health, row.name.casefold()))


def _server(row: Row) -> Cell:
    level = LEVELS[row.health]
    vitals = row.vitals
    if row.status != "online" or vitals is None:
        words = "offline"
    else:
        shares = {"cpu": vitals.cpu, "mem": vitals.memory, "disk": vitals.disk or 0.0}
        name = max(shares, key=lambda share: shares[share])
        words = f"{name} {numbers.percent(shares[name])}"
    return [(f"{glyph(level)} ", ink(level)), (f"{clean(row.name)} ", "strong"), (words, ink(level))]
