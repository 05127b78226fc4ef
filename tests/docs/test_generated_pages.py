"""What is written out of the program says what the program has: man pages, keys, docs as pages."""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatops_agent.cli import _parser as agent_parser
from chatops_server.cli import _parser as server_parser
from chatops_tui.arguments import _parser as ui_parser
from tests.project import ROOT

WRITE_KEYS = (
    "import sys; sys.path.insert(0, 'packaging/site'); import key_reference; "
    "sys.stdout.write(key_reference.reference())"
)
PARSERS = {"chatops": ui_parser, "chatops-agent": agent_parser, "chatops-server": server_parser}


def every(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to look at a parser
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for child in action.choices.values():
                yield from every(child)


@pytest.mark.parametrize(("name", "make"), PARSERS.items())
def test_a_man_page_has_every_command_and_flag_and_no_other(
    name: str, make: Callable[[], argparse.ArgumentParser]
) -> None:
    parsers = list(every(make()))
    flags = {
        flag
        for parser in parsers
        for action in parser._actions  # noqa: SLF001 - likewise
        for flag in action.option_strings
        if flag.startswith("--") and action.help != argparse.SUPPRESS and flag != "--help"
    }
    page = (ROOT / "packaging" / "man" / f"{name}.1").read_text().replace("\\-", "-").replace("\\fR", "")
    listed = set(re.findall(r"^(?:\\fB|.*\\fB)(--[a-z-]+)", page, re.MULTILINE))
    assert flags - listed == set(), "run make man"
    assert listed - flags == set(), "run make man"
    for parser in parsers[1:]:
        assert parser.prog.removeprefix(make().prog).strip() in page, "run make man"


def test_the_key_reference_is_that_of_the_program() -> None:
    made = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", WRITE_KEYS],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert made.stdout == (ROOT / "docs" / "key-reference.md").read_text(), "run make key-reference"


def test_the_documentation_becomes_pages_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file",
         str(ROOT / "packaging" / "site" / "mkdocs.yml"), "--site-dir", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (built.returncode, built.stdout) == (0, "")
    assert (tmp_path / "index.html").is_file()
    pages = [path.read_text() for path in tmp_path.rglob("*.html")]
    assert not [page for page in pages if re.search(r"<(?:script|link|img)[^>]+(?:src|href)=\"https?:", page)]
