"""The limits of size that keep each piece readable (CONTRIBUTING.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

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


@pytest.mark.parametrize("path", [*CODE, *sources("tests")], ids=_name)
def test_a_module_has_at_most_400_lines(path: Path) -> None:
    count = len(path.read_text().splitlines())
    assert count <= MODULE_LINES


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_a_module_says_its_one_reason_first(path: Path) -> None:
    text = ast.get_docstring(parsed(path))
    assert text
    assert text.splitlines()[0].endswith((".", ":", "?")), "the first line is a sentence"


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_a_function_keeps_the_limits(path: Path) -> None:
    assert not [found for found in _over_limit(path) if found.split(" ")[0] not in EXCEPTIONS]


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
