"""What is on the terminal, cell by cell, so that only cells that changed are sent.

Textual repaints whole widgets: a table whose figures change each second costs 20 kB/s, with this layer a
quarter.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import msgspec
from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style


class Pen(NamedTuple):
    """SGR parameters of a cell."""

    attributes: str
    foreground: str
    """Empty: any, since nothing is drawn with it."""
    background: str


PLAIN: Final = Pen("", "39", "49")

Cell: TypeAlias = tuple[str, Pen]
"""A character with its combining marks, or "" for the right half of a wide one."""

# A cursor move costs four bytes or more, so a gap of unchanged cells up to this many bytes is sent again
# instead.
_GAP_BYTES: Final = 4

# Every terminal agrees that these take one cell: ASCII, Latin, Greek, Cyrillic, general punctuation, arrows,
# mathematical signs, boxes, blocks, geometric shapes, braille. After anything else the cursor is placed
# anew, so that a terminal of another opinion gets one cell wrong and not the rest of the line.
_CERTAIN: Final = frozenset(
    chr(code)
    for first, last in (
        (0x20, 0x7E), (0xA1, 0xAC), (0xAE, 0x24F), (0x370, 0x482), (0x2010, 0x2027), (0x2030, 0x205E),
        (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2500, 0x25FC), (0x2800, 0x28FF),
    )
    for code in range(first, last + 1)
)  # fmt: skip

_JOINERS: Final = frozenset("\u200d\ufe0f")

# What shows where nothing is written: lines below, through, round and above, and exchanged colours.
_SHOWN_ON_BLANKS: Final = frozenset({"4", "7", "9", "21", "51", "52", "53"})

_SGR_ATTRIBUTES: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")


class Run(msgspec.Struct, frozen=True):
    """Segments to be drawn from a position on; they end where the line or the run ends."""

    x: int
    y: int
    segments: Iterable[Segment]
    width: int | None = None
    """Cells that count, None for all; what goes beyond is left out."""


class ShadowGrid:
    """The cells a terminal shows. What it shows at first, and after `forget`, is unknown."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._rows: list[list[Cell | None]] = []
        self.forget()

    def forget(self) -> None:
        """Take every cell for unknown: the next picture is sent whole."""
        width, height = self.size
        self._rows = [[None] * width for _ in range(height)]

    def draw(self, runs: Iterable[Run], colours: ColorSystem) -> str:
        """Return what must be written so that the terminal shows `runs`, and remember that it does.

        The text leaves the pen plain and the cursor anywhere. Hyperlinks are not kept. Empty when nothing
        changed.
        """
        out = _Output()
        for run in runs:
            if 0 <= run.y < len(self._rows) and 0 <= run.x < self.size[0]:
                room = self.size[0] - run.x
                limit = room if run.width is None else min(room, run.width)
                self._draw_run(out, run.x, run.y, _cells(run.segments, colours, limit))
        return out.finish()

    def _draw_run(self, out: "_Output", x: int, y: int, cells: Sequence[Cell]) -> None:
        row = self._rows[y]
        stop = x + len(cells)
        if row[x:stop] == cells:
            return
        self._part_from_outside(row, x, stop)
        old = row[x:stop]
        row[x:stop] = cells
        for first, last in _changes(old, cells):
            for offset, cell in enumerate(cells[first:last], x + first):
                out.put(offset, y, cell)

    @staticmethod
    def _part_from_outside(row: list[Cell | None], x: int, stop: int) -> None:
        """Forget halves of wide characters that lie outside: the terminal wipes them with the half inside."""
        lead = _lead(row, x)
        row[lead:x] = [None] * (x - lead)
        while stop < len(row) and _is_right_half(row[stop]):
            row[stop] = None
            stop += 1


class _Output:
    """Text for the terminal, with as few moves and colour changes as can be."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._pen = PLAIN
        self._at: tuple[int, int] | None = None

    def put(self, x: int, y: int, cell: Cell) -> None:
        text, pen = cell
        if not text:
            return
        self._move_to(x, y)
        if not pen.foreground:
            pen = _over_blank(self._pen, pen.background)
        if pen != self._pen:
            self._parts.append(_transition(self._pen, pen))
            self._pen = pen
        self._parts.append(text)
        # After an uncertain width the cursor is where the terminal thinks, so the next cell is found anew.
        self._at = (x + 1, y) if text in _CERTAIN else None

    def finish(self) -> str:
        if self._pen != PLAIN:
            self._parts.append("\x1b[0m")
        return "".join(self._parts)

    def _move_to(self, x: int, y: int) -> None:
        if self._at == (x, y):
            return
        if self._at is not None and self._at[1] == y and x > self._at[0]:
            self._parts.append(f"\x1b[{x - self._at[0]}C")
        else:
            self._parts.append(f"\x1b[{y + 1};{x + 1}H")


def _changes(old: Sequence[Cell | None], new: Sequence[Cell]) -> Iterable[tuple[int, int]]:
    """Yield the ranges in which two unequal lines differ; none begins with a right half of a character."""
    changed = [index for index, (was, now) in enumerate(zip(old, new, strict=True)) if was != now]
    first = last = _lead(new, changed[0])
    for index in changed:
        start = _lead(new, index)
        if start > last and _bytes(new[last:start], new[last - 1][1]) > _GAP_BYTES:
            yield first, last
            first = start
        last = index + 1
    yield first, last


def _bytes(cells: Sequence[Cell], pen: Pen) -> int:
    """Return what it costs to send `cells` when the pen is `pen`; more than any gap when it must change."""
    if any(own != pen and own != _blank(pen) for _text, own in cells):
        return _GAP_BYTES + 1
    return sum(len(text.encode("utf-8", "replace")) for text, _pen in cells)


def _cells(segments: Iterable[Segment], colours: ColorSystem, limit: int) -> list[Cell]:
    """Return the first `limit` cells of `segments`; a wide character that does not fit becomes blanks."""
    cells: list[Cell] = []
    for text, style, control in segments:
        if control:
            continue
        pen = PLAIN if style is None else _pen(style, colours)
        if _CERTAIN.issuperset(text):
            blank = (" ", _blank(pen))
            cells.extend([blank if char == " " else (char, pen) for char in text])
        else:
            _extend(cells, text, pen)
        if len(cells) > limit:
            break
    if len(cells) > limit:
        if _is_right_half(cells[limit]):
            lead = _lead(cells, limit)
            cells[lead:limit] = [(" ", _blank(pen)) for _text, pen in cells[lead:limit]]
        del cells[limit:]
    return cells


def _extend(cells: list[Cell], text: str, pen: Pen) -> None:
    """Append `text`, in which some characters take no cell or two."""
    if _JOINERS.isdisjoint(text):
        for char in text:
            _append(cells, char, cell_len(char), pen)
        return
    # What belongs together only a table of emoji knows: keep the whole text as one wide character.
    _append(cells, "".join(char for char in text if not _is_control(char)), cell_len(text), pen)


def _append(cells: list[Cell], text: str, width: int, pen: Pen) -> None:
    """Append a character, or put a mark on the one before; a mark that nothing comes before is left out."""
    if width > 0:
        cells.append((text, _blank(pen) if text == " " else pen))
        cells.extend([("", pen)] * (width - 1))
    elif cells and not _is_control(text):
        lead = _lead(cells, len(cells) - 1)
        cells[lead] = (cells[lead][0] + text, cells[lead][1])


def _lead(cells: Sequence[Cell | None], index: int) -> int:
    """Return where the character begins that covers `index`."""
    while index > 0 and _is_right_half(cells[index]):
        index -= 1
    return index


def _is_right_half(cell: Cell | None) -> bool:
    return cell is not None and not cell[0]


def _is_control(text: str) -> bool:
    """Return whether `text` is a C0 or C1 control, which must never reach the terminal from a widget."""
    return len(text) == 1 and (text < " " or "\x7f" <= text <= "\x9f")


# As many as a screen ever shows at once, with room for a few themes.
@lru_cache(maxsize=4096)
def _pen(style: Style, colours: ColorSystem) -> Pen:
    attributes = style._attributes & style._set_attributes  # noqa: SLF001 - what Textual's own Strip reads
    codes = [code for bit, code in enumerate(_SGR_ATTRIBUTES) if attributes >> bit & 1]
    return Pen(";".join(codes), _colour(style.color, colours, "39"), _colour(style.bgcolor, colours, "49"))


def _colour(colour: Color | None, colours: ColorSystem, otherwise: str) -> str:
    if colour is None:
        return otherwise
    return ";".join(colour.downgrade(colours).get_ansi_codes(foreground=otherwise == "39"))


# A third of the bytes of a table were colours of the gaps in it.
@lru_cache(maxsize=4096)
def _blank(pen: Pen) -> Pen:
    """Return the pen of a blank: whatever would be written with it, as long as nothing of it shows."""
    return pen if _shows_on_blanks(pen) else Pen("", "", pen.background)


def _over_blank(pen: Pen, background: str) -> Pen:
    """Return the pen nearest to `pen` that draws a blank on `background`."""
    return Pen("" if _shows_on_blanks(pen) else pen.attributes, pen.foreground, background)


def _shows_on_blanks(pen: Pen) -> bool:
    return not _SHOWN_ON_BLANKS.isdisjoint(pen.attributes.split(";"))


@lru_cache(maxsize=4096)
def _transition(before: Pen, after: Pen) -> str:
    """Return the sequence that changes the pen, saying only what differs."""
    attributes, foreground, background = after
    if before.attributes and before.attributes != attributes:
        # There is no short way to take an attribute back that all terminals know.
        codes = [
            "0",
            attributes,
            "" if foreground == "39" else foreground,
            "" if background == "49" else background,
        ]
    else:
        codes = [
            "" if attributes == before.attributes else attributes,
            "" if foreground == before.foreground else foreground,
            "" if background == before.background else background,
        ]
    return f"\x1b[{';'.join(code for code in codes if code)}m"
