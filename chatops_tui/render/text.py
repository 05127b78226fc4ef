"""Hostile text made harmless, and text cut to a width in terminal cells.

Everything that came from another machine passes `clean` before it is drawn. Textual hands
control characters to the terminal as they are, so a container's name could set the title, write the clipboard
or clear the screen.
"""

import re
from typing import Final

from rich.cells import cell_len

# Longer lines froze lazydocker for half a minute (jesseduffield/lazydocker#221); nobody reads past this.
MAX_LINE: Final = 4096

# More marks on one character than any living script uses; beyond this they only paint over their neighbours.
MAX_MARKS: Final = 8

ELLIPSIS: Final = "…"
REPLACEMENT: Final = "\ufffd"

# Whole sequences go, so that no "[31m" stays behind: CSI; OSC, DCS, PM, APC and SOS with their string, by
# either introducer and up to any terminator or the end; two-character escapes; a lone ESC.
_SEQUENCE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]).*?(?:\x07|\x1b\\|\x9c|\Z)"
    r"|\x1b[ -/]*[0-~]"
    r"|\x1b",
    re.DOTALL,
)
# Shown as a replacement mark: controls, C1, direction overrides and isolates, line separators, interlinear
# annotation, tag characters, and lone surrogates, which cannot be encoded at all.
_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# Removed without a trace: joiners, variation selectors and other invisible characters. Terminals disagree on
# how wide they make their neighbours, and a table that is off by one cell is off for the whole line.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u3164\ufe00-\ufe0f\ufeff\uffa0\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e0fff]"
)


def clean(text: str, limit: int = MAX_LINE) -> str:
    """Return `text` as one line that is safe to draw, of at most `limit` characters.

    Tabs and new lines become a space, escape sequences and invisible characters go, other controls become
    U+FFFD. Idempotent.
    """
    # Four times as much: what is removed must not hide what follows, and what follows must not cost time.
    cropped = text[: limit * 4]
    if cropped.isascii() and cropped.isprintable():
        return _cropped(cropped, limit)
    without = _SEQUENCE.sub("", cropped)
    flat = without.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    return _cropped(bounded_marks(visible(flat))[0], limit)


def visible(text: str) -> str:
    """Return `text` without invisible characters, and with controls and direction marks as U+FFFD."""
    return _INVISIBLE.sub("", _CONTROL.sub(REPLACEMENT, text))


def bounded_marks(text: str, before: int = 0) -> tuple[str, int]:
    """Return `text` with at most `MAX_MARKS` zero-width characters in a row, and how many of them end it.

    Args:
        text: What goes on from an earlier text.
        before: How many zero-width characters ended that one.
    """
    kept: list[str] = []
    marks = before
    for character in text:
        marks = marks + 1 if cell_len(character) == 0 else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept), marks


def cut(text: str, size: int) -> str:
    """Return `text` in at most `size` terminal cells; where something is lost an ellipsis says so.

    A wide character that would stand half inside is left out, so the result can be one cell short.
    """
    if cell_len(text) <= size:
        return text
    return head(text, size - 1) + ELLIPSIS if size > 0 else ""


def head(text: str, size: int) -> str:
    """Return the longest beginning of `text` that takes at most `size` terminal cells."""
    room = size
    for index, character in enumerate(text):
        room -= cell_len(character)
        if room < 0:
            return text[:index]
    return text


def _cropped(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(0, limit - 1)] + ELLIPSIS
