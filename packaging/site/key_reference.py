"""Writes docs/key-reference.md out of the bindings of the program: `make key-reference`."""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key

import chatops_tui.screens
import chatops_tui.widgets
from chatops_tui.keymap import EVERYWHERE

PAGE: Final = Path(__file__).parents[2] / "docs" / "key-reference.md"
_HEAD: Final = """# Keys to press

Every key of every screen, with the id by which `[keymap]` in config.toml gives it another one
([terminal.md](terminal.md)). `?` shows those of the screen you look at. This page is written by
`make key-reference` out of the program.
"""
_TABLE: Final = "\n| key | what | id |\n|---|---|---|\n"


def reference() -> str:
    """Return the page."""
    parts = [_HEAD, "\n## Everywhere\n", _TABLE, *_rows(list(EVERYWHERE))]
    for title, bindings in sorted(_with_bindings(), key=lambda found: found[0]):
        heading, _, more = title.partition(": ")
        said = f"\n{more[0].upper()}{more[1:]}.\n" if more else ""
        parts += [f"\n## {heading}\n{said}", _TABLE, *_rows(bindings)]
    return "".join(parts)


def _with_bindings() -> Iterator[tuple[str, list[object]]]:
    """Yield what each module with keys is for, in its own words, and the keys of all its classes."""
    for package in (chatops_tui.screens, chatops_tui.widgets):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            bindings: list[object] = []
            for _, one in inspect.getmembers(module, inspect.isclass):
                if issubclass(one, DOMNode) and one.__module__ == found.name:
                    bindings += one.__dict__.get("BINDINGS") or []
            if bindings:
                yield _first_sentence(module), bindings


def _first_sentence(module: ModuleType) -> str:
    said = (module.__doc__ or module.__name__).split("\n\n")[0].replace("\n", " ")
    return said.split(". ")[0].rstrip(".")


def _rows(bindings: list[object]) -> Iterator[str]:
    for binding in bindings:
        made = list(Binding.make_bindings([binding]))  # type: ignore[list-item] # tuples and strings, too
        first = made[0]
        keys = first.key_display or " ".join(f"`{format_key(one.key)}`" for one in made)
        shown = f"`{first.key_display}`" if first.key_display else keys
        what = first.tooltip or first.description or first.action.replace("_", " ")
        yield f"| {_cell(shown)} | {_cell(what)} | {f'`{first.id}`' if first.id else ''} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Write it and return the exit status."""
    PAGE.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
