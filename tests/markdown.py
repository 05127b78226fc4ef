"""Just enough Markdown for tests about the documentation: sections, tables, links, code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def section(text: str, heading: str) -> str:
    """Return what stands under a heading, down to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"no heading {heading!r}"
    return re.split(rf"^#{{1,{level}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of every table row in `text`, without heads and rulers."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
        if set(cells[0]) <= {"-", ":"}:
            found.pop()  # the row above a ruler is the head
        else:
            found.append(cells)
    return found


def code(cell: str) -> str:
    """Return the first code span of a cell, or the cell itself."""
    span = re.search(r"`([^`]+)`", cell)
    return span[1] if span else cell


def links(text: str) -> Iterator[str]:
    """Yield the targets of all links and pictures outside code."""
    yield from _LINK.findall(_FENCE.sub("", text))


def anchors(path: Path) -> set[str]:
    """Return the anchors that the headings of a page make."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
