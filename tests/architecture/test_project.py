"""What the project promises about itself: one version, its commands, no trace of a machine."""

import re
import tomllib
from typing import Any, Final

import pytest

from chatops_wire.version import VERSION
from tests.project import PACKAGES, ROOT, sources, tracked

# Somebody's home or work folder. Spelled in parts, so that this file does not find itself.
HOMES: Final = r"/(?:Users|work|farm|root)/" + r"[A-Za-z._]"
# Where this clone stands, unless that is a plain name such as the /app of a container.
HERE: Final = re.escape(f"{ROOT}/") if len(ROOT.parts) > 2 else HOMES
MACHINE_PATH: Final = re.compile(f"{HOMES}|{HERE}")


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_both_places_name_the_same_version() -> None:
    assert _pyproject()["project"]["version"] == VERSION


def test_the_lock_pins_every_dependency() -> None:
    project = _pyproject()["project"]
    asked = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert set() == {re.split(r"[\[<>=;!~ ]", line)[0] for line in asked} - pinned


@pytest.mark.parametrize("target", ["demo", "test", "check", "bench", "format", "lock"])
def test_the_makefile_has_the_commands_of_the_contract(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_command_of_the_readme_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = set(re.findall(r"^\s+make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert set() == shown - targets
    assert {"demo", "test"} <= shown


def test_no_file_names_a_place_on_somebody_s_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        if (match := MACHINE_PATH.search(path.read_bytes().decode(errors="replace")))
    ]
    assert not found


def test_every_package_ships_its_types() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").is_file()


def test_every_folder_of_modules_is_a_package() -> None:
    """Setuptools leaves out what has no __init__.py, and an installed program would miss it."""
    without = {path.parent for path in sources(*PACKAGES) if not (path.parent / "__init__.py").exists()}
    assert set() == without
