"""The project's own files, as the tests about them see it."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("chatops_wire", "chatops_server", "chatops_agent", "chatops_tui")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file under version control that still exists; without git, every file that is not hidden."""
    try:
        listed = subprocess.run(  # noqa: S603 - our own arguments
            ["git", "-C", str(ROOT), "ls-files", "-z"],  # noqa: S607 - git as the developer has it
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        paths = (path for path in ROOT.rglob("*") if not _is_hidden(path.relative_to(ROOT)))
    else:
        paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def sources(*folders: str) -> Iterator[Path]:
    """Every Python file of these top folders, tracked or not yet."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def modules(*packages: str) -> list[str]:
    """Every module below these packages (`chatops_server` or `chatops_tui.store`), but not the programs."""
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in packages
        for path in sources(package.replace(".", "/"))
        if path.name != "__main__.py"
    ]


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of one source file."""
    return ast.parse(path.read_text(), filename=str(path))


def python(code: str) -> str:
    """Return what a fresh interpreter prints for `code`, with the project importable."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def program(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the project's commands as its entry point does, without needing it installed."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts[name].partition(":")
    start = f"import sys; from {module} import {function}; sys.argv[0] = {name!r}; sys.exit({function}())"
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", start, *arguments], capture_output=True, check=False, cwd=ROOT, text=True
    )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)
