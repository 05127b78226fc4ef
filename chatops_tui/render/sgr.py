"""How a program's text looks: the one kind of escape sequence (SGR) that survives, read and written."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

Colour: TypeAlias = int | tuple[int, int, int]
"""A number of the palette, 0 to 255, or red, green and blue."""


class Style(msgspec.Struct, frozen=True):
    """Attributes of text. Blinking and concealed text are not among them: one hides, the other annoys."""

    fg: Colour | None = None
    bg: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN: Final = Style()
Styled: TypeAlias = tuple[str, Style]
"""Text without control characters, and how it looks."""

# More than any program sends in one sequence; what is beyond is not looked at.
_MOST_PARAMETERS: Final = 64
# A few styles make up the output of a program; what a hostile one varies costs time, not memory.
_REMEMBERED: Final = 1024

_ON: Final[dict[int, str]] = {
    1: "bold",
    2: "dim",
    3: "italic",
    4: "underline",
    7: "reverse",
    9: "strike",
    21: "underline",
}
_OFF: Final[dict[int, tuple[str, ...]]] = {
    22: ("bold", "dim"),
    23: ("italic",),
    24: ("underline",),
    27: ("reverse",),
    29: ("strike",),
}
_ATTRIBUTES: Final = (("bold", 1), ("dim", 2), ("italic", 3), ("underline", 4), ("reverse", 7), ("strike", 9))
# Foreground, background, and the colour of underlines, which is read past.
_EXTENDED: Final[dict[int, str]] = {38: "fg", 48: "bg", 58: ""}
_LAST_OF_PALETTE: Final = 255


@lru_cache(maxsize=_REMEMBERED)
def styled(style: Style, parameters: str) -> Style:
    """Return the style after `ESC [ parameters m`; what is unknown or out of range changes nothing."""
    fields = iter(parameters.split(";")[:_MOST_PARAMETERS])
    for field in fields:
        code, _, sub = field.partition(":")
        number = _number(code)
        if number in _EXTENDED:
            style = _coloured(style, _EXTENDED[number], sub.split(":") if sub else fields)
        else:
            style = _changed(style, number, is_off=sub == "0")
    return style


@lru_cache(maxsize=_REMEMBERED)
def sequence(style: Style) -> str:
    """Return what a terminal is sent so that it draws in exactly this style."""
    codes = ["0"]
    codes += [str(code) for name, code in _ATTRIBUTES if getattr(style, name)]
    codes += _colour_codes(style.fg, 30)
    codes += _colour_codes(style.bg, 40)
    return f"\x1b[{';'.join(codes)}m"


def _changed(style: Style, number: int, *, is_off: bool) -> Style:
    if number == 0:
        return PLAIN
    if number in _ON:
        return replace(style, **{_ON[number]: not is_off})
    if number in _OFF:
        return replace(style, **dict.fromkeys(_OFF[number], False))
    return _basic_colour(style, number)


def _basic_colour(style: Style, number: int) -> Style:
    tens, ones = divmod(number, 10)
    is_bright = tens in {9, 10}
    if tens not in {3, 4, 9, 10} or ones > (7 if is_bright else 9):
        return style
    # 39 and 49 are the terminal's own; 38 and 48 never come here.
    return _in_colour(style, tens in {3, 9}, None if ones == 9 else ones + 8 * is_bright)  # noqa: PLR2004


def _coloured(style: Style, name: str, fields: list[str] | Iterator[str]) -> Style:
    """Return the style in the colour that `5;n` or `2;r;g;b` names; takes those fields from an iterator."""
    ahead = iter(fields)
    kind = _number(next(ahead, ""))
    colour: Colour
    if kind == 5:  # noqa: PLR2004 - ISO 8613-6: a number of the palette
        parts = [colour := _number(next(ahead, ""))]
    elif kind == 2:  # noqa: PLR2004 - likewise: red, green, blue
        values = list(ahead) if isinstance(fields, list) else [next(ahead, "") for _ in range(3)]
        # With colons the standard has the number of a colour space first; xterm and Konsole leave it out.
        red, green, blue = parts = [*map(_number, values[len(values) > 3 :]), 0, 0, 0][:3]  # noqa: PLR2004
        colour = (red, green, blue)
    else:
        return style
    is_known = name and all(0 <= part <= _LAST_OF_PALETTE for part in parts)
    return _in_colour(style, name == "fg", colour) if is_known else style


def _in_colour(style: Style, is_foreground: bool, colour: Colour | None) -> Style:  # noqa: FBT001 - private
    return replace(style, fg=colour) if is_foreground else replace(style, bg=colour)


def _number(text: str) -> int:
    """Return the number; an empty one counts as 0, anything else as -1."""
    if not text:
        return 0
    # Longer ones mean nothing, and take time to read.
    return int(text) if len(text) <= 5 and text.isascii() and text.isdigit() else -1  # noqa: PLR2004 - said above


def _colour_codes(colour: Colour | None, base: int) -> tuple[str, ...]:
    if colour is None:
        return ()
    if isinstance(colour, tuple):
        return (str(base + 8), "2", *map(str, colour))
    if colour < 8:  # noqa: PLR2004 - the eight of ECMA-48
        return (str(base + colour),)
    if colour < 16:  # noqa: PLR2004 - their bright ones
        return (str(base + 60 + colour - 8),)
    return (str(base + 8), "5", str(colour))
