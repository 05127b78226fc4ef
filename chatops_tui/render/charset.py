"""The three character sets, and what stands in for a glyph a terminal's font does not have."""

# ruff: noqa: RUF001 - these look-alikes are the subject

from collections.abc import Mapping
from typing import Final, Literal

from rich.cells import cell_len

Charset = Literal["braille", "block", "ascii"]
"""`braille`: everything. `block`: what the Linux console's fonts draw. `ascii`: no UTF-8 at all."""

# The console fonts follow code page 437: half blocks, boxes, arrows and the two circles, not much else.
_BLOCK: Final = {
    "●": "•",
    "✖": "x",
    "◐": "o",
    "↻": "~",
    "⚿": "!",
    "⇡": "↑",
    "✓": "√",
    "…": "~",
    "–": "-",
    "‖": "║",
    "▾": "▼",
    "▸": "►",
    "▏": " ",
    "▎": " ",
    "▍": "▌",
    "▋": "▌",
    "▊": "█",
    "▉": "█",
    "▁": "_",
    "▂": "_",
    "▃": "▄",
    "▅": "▄",
    "▆": "▄",
    "▇": "█",
    "━": "═",
    "╸": "═",
    "┈": "·",
    "›": ">",
    "‹": "<",
    "⏎": "╛",
    "▔": "─",
    "▕": "│",
    "◇": "○",
    "◈": "◙",
    "◆": "♦",
}
_ASCII: Final = {
    **dict.fromkeys("▏▎▍", " "),
    **dict.fromkeys("▋▊▉█▇▆", "#"),
    **dict.fromkeys("▅▄═", "="),
    **dict.fromkeys("▃▂─━–┈┄▔", "-"),
    # ▌ marks a line: `##1` would be another number.
    **dict.fromkeys("│┃║‖▌▐▕┤├", "|"),
    **dict.fromkeys("┌┐└┘┬┴┼╭╮╰╯╛", "+"),
    "◇": "o",
    "◈": "+",
    "◆": "#",
    "▁": "_",
    "▀": '"',
    "●": "*",
    "•": "*",
    "○": "o",
    "◐": "o",
    "▲": "!",
    "▼": "v",
    "▾": "v",
    "▸": ">",
    "✖": "x",
    "✓": "+",
    "↻": "~",
    "⚿": "!",
    "⇡": "^",
    "↑": "^",
    "↓": "v",
    "→": ">",
    "←": "<",
    "›": ">",
    "‹": "<",
    "⏎": ">",
    "…": "~",
    "·": ".",
    "°": " ",
    "×": "x",
    "√": "+",
}
_SUBSTITUTES: Final[dict[Charset, Mapping[int, str]]] = {
    "braille": {},
    "block": str.maketrans(_BLOCK),
    "ascii": str.maketrans(_ASCII),
}


# What stands in for a key's glyph must not be a key itself: `v` for an arrow, `>` for Enter.
_ENTER: Final = {"⏎": "enter"}
_ARROWS: Final = {"↑": "up", "↓": "down", "←": "left", "→": "right"}
_KEY_WORDS: Final[dict[Charset, Mapping[int, str]]] = {
    "braille": {},
    "block": str.maketrans(_ENTER),
    "ascii": str.maketrans(_ENTER | _ARROWS),
}


def key_name(key: str, charset: Charset) -> str:
    """Return what a key is called where `charset` has no glyph for it, as wide as it needs."""
    return key.translate(_KEY_WORDS[charset])


def substitute(text: str, charset: Charset) -> str:
    """Return `text`, of the same width, with our own glyphs replaced by what `charset` has.

    In `ascii` every other character becomes `?`, as wide as it was.
    """
    if charset == "braille" or text.isascii():
        return text
    replaced = text.translate(_SUBSTITUTES[charset])
    if charset == "block" or replaced.isascii():
        return replaced
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in replaced)
