"""The line of keys at the bottom: as many as fit, never half a word."""

from collections.abc import Sequence
from typing import Final

import msgspec

from chatops_tui.render.spans import Cell, Span, width

MOST: Final = 8
"""More than this nobody reads; the rest is behind `?`."""
MOST_WIDE: Final = 11
"""Where the line is long there is room to learn from."""
_WIDE: Final = 140

_APART: Final = "  "


class Hint(msgspec.Struct, frozen=True):
    """A key and what it does."""

    key: str
    label: str
    enabled: bool = True
    pinned: bool = False
    """Stays when others must go: help and quit."""


def hint_line(hints: Sequence[Hint], columns: int) -> Cell:
    """Return at most `MOST` of `hints` that fit, `MOST_WIDE` from 140 columns on, in their order.

    The last ones go first, pinned ones only when nothing else is left.
    """
    kept, most = list(hints), MOST if columns < _WIDE else MOST_WIDE
    while kept and (len(kept) > most or width(_line(kept)) > columns):
        loose = [hint for hint in kept if not hint.pinned]
        kept.remove((loose or kept)[-1])
    return _line(kept)


def _line(hints: Sequence[Hint]) -> Cell:
    spans: list[Span] = []
    for hint in hints:
        spans.append((_APART if spans else " ", "text"))
        spans.append((hint.key, "accent" if hint.enabled else "off"))
        spans.append((f" {hint.label}", "muted" if hint.enabled else "off"))
    return spans
