"""Why the demo cannot run."""

from collections.abc import Sequence


class DemoError(Exception):
    """One sentence for a person, and perhaps the last lines a program wrote."""

    def __init__(self, sentence: str, last_lines: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.last_lines = tuple(last_lines)
