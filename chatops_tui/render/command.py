"""A process's command line as a person looks for it: what runs stands out, and where it lies gives way."""

import re
from typing import Final

from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean

# What these run says more than they do.
_INTERPRETER: Final = re.compile(r"(?:python|pypy|node|deno|bun|ruby|perl|php|lua|bash|dash|sh|zsh)[\d.]*")


def command_cell(name: str, command: str, *, whole: bool) -> Cell:
    """Return the command line with program and script in plain ink; remote text is fine.

    Args:
        name: What stands there without a command line, as for a thread of the kernel.
        command: Words separated by blanks; may be empty.
        whole: Whether there is room for the folders of program and script; else they are left out.
    """
    text = clean(command)
    if not text:
        return [(clean(name), "muted")]
    program, _, arguments = text.partition(" ")
    # A thread of the kernel, `kworker/0:1`, lies in no folder.
    folder, base = ("", program) if program == clean(name) else _split(program)
    spans: list[Span] = [(folder, "muted")] if whole else []
    spans.append((base, "text"))
    if _INTERPRETER.fullmatch(base):
        script, arguments = _script(arguments, whole=whole)
        spans += script
    return [*spans, (f" {arguments}", "muted")] if arguments else spans


def _script(arguments: str, *, whole: bool) -> tuple[list[Span], str]:
    """Return the script or module an interpreter runs, and the arguments after it."""
    first, _, rest = arguments.partition(" ")
    if first == "-m":
        module, _, rest = rest.partition(" ")
        return [(" -m ", "muted"), (module, "text")], rest
    if not first or first.startswith("-"):
        return [], arguments
    folder, base = _split(first)
    return [(f" {folder}" if whole else " ", "muted"), (base, "text")], rest


def _split(path: str) -> tuple[str, str]:
    """Return folder and file; a path without a file is its own."""
    folder, slash, base = path.rpartition("/")
    return (folder + slash, base) if base else ("", path)
