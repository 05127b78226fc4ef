"""Links between the documents lead somewhere, and the commands they show exist."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.markdown import anchors, links
from tests.project import ROOT, program

PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page.read_text()):
        if re.match(r"[a-z]+://", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    ahead = [ROOT / "docs" / "index.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        linked = {(page.parent / link.partition("#")[0]).resolve() for link in links(page.read_text())}
        ahead += [path for path in linked if path.suffix == ".md" and path.exists() and path not in reached]
    assert set((ROOT / "docs").rglob("*.md")) <= reached


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_make_target_shown_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = re.findall(r"(?:`|^ +|&& )make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE)
    assert set() == set(shown) - targets


def _subcommands() -> set[tuple[str, str]]:
    """In code: `chatops-server run`, and lines that begin with a program."""
    program = r"(?:`|^ +|bin/)(chatops(?:-agent|-server)?)"
    shown = re.compile(program + r" ([a-z]+(?:-[a-z]+)*)(?=[\s`])", re.MULTILINE)
    return {(found[1], found[2]) for page in PAGES for found in shown.finditer(page.read_text())}


@pytest.mark.parametrize(("name", "command"), sorted(_subcommands()))
def test_every_subcommand_shown_exists(name: str, command: str) -> None:
    asked = program(name, command, "--help")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert f"usage: {name} {command}" in asked.stdout
