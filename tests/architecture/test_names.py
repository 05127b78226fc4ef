"""Names that would hide a missing module, or a word the project does not use."""

from collections import Counter
from typing import Final

import pytest

from tests.project import PACKAGES, ROOT, sources

# A function without a home names a missing module.
HOMELESS: Final = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
    "base_utils",
}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_a_drawer_for_the_rest(package: str) -> None:
    named = {part for path in sources(package) for part in path.relative_to(ROOT).with_suffix("").parts}
    assert set() == named & HOMELESS


def test_test_files_have_names_of_their_own() -> None:
    """Test folders are no packages, so pytest needs unique file names."""
    counts = Counter(path.name for path in sources("tests") if path.name.startswith("test_"))
    assert not [name for name, count in counts.items() if count > 1]


def test_only_one_module_writes_into_borders() -> None:
    """Textual reads a title as markup: remote text must go through set_box_title."""
    writers = [path.name for path in sources("chatops_tui") if "border_title =" in path.read_text()]
    assert writers == ["box_title.py"]
