"""The one line of a terminal that is too small for anything else."""

from textual.widgets import Static

LEAST_COLUMNS = 60
LEAST_ROWS = 16


class TooSmall(Static):
    """Displayed by CSS below the least size, in place of everything else."""

    def __init__(self) -> None:
        super().__init__(f"This terminal is too small: {LEAST_COLUMNS}x{LEAST_ROWS} at least.", markup=False)
