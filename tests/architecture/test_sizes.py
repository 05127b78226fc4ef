"""The limits of size that keep each piece readable (CONTRIBUTING.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.project import PACKAGES, ROOT, parsed, sources

MODULE_LINES: Final = 400
FUNCTION_LINES: Final = 40
PARAMETERS: Final = 5

# `path: function` → why it may pass a limit. Short, and every entry must still be needed.
EXCEPTIONS: Final[dict[str, str]] = {}

Function = ast.FunctionDef | ast.AsyncFunctionDef
CODE: Final = tuple(sources(*PACKAGES, "bench"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_a_module_has_at_most_400_lines() -> None:
    lines = {_name(path): len(path.read_text().splitlines()) for path in (*CODE, *sources("tests"))}
    assert {name: count for name, count in lines.items() if count > MODULE_LINES} == {}


def test_a_module_says_its_one_reason_first() -> None:
    first = {_name(path): (ast.get_docstring(parsed(path)) or "").partition("\n")[0] for path in CODE}
    assert {name: line for name, line in first.items() if not line.endswith((".", ":", "?"))} == {}


def test_a_function_keeps_the_limits() -> None:
    over = [found for path in CODE for found in _over_limit(path)]
    assert [found for found in over if found.split(" ")[0] not in EXCEPTIONS] == []


def test_every_exception_is_still_needed() -> None:
    over = {found.split(" ")[0] for path in CODE for found in _over_limit(path)}
    assert set() == set(EXCEPTIONS) - over


def _over_limit(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            where = f"{_name(path)}:{node.name}"
            if _lines(node) > FUNCTION_LINES:
                yield f"{where} has {_lines(node)} lines"
            if _parameters(node) > PARAMETERS:
                yield f"{where} has {_parameters(node)} parameters"


def _lines(node: Function) -> int:
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _parameters(node: Function) -> int:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return len([arg for arg in given if arg.arg not in {"self", "cls"}])
