"""`make audit` finds what it is there to find; that nothing is wrong today is `make check`'s to say."""

import importlib.util
import tomllib
from types import ModuleType
from typing import Any, Final

import pytest

from tests.project import ROOT


def _loaded() -> ModuleType:
    # Its folder has the name of a package from PyPI.
    spec = importlib.util.spec_from_file_location("dependency_audit", ROOT / "packaging" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


audit: Final = _loaded()
RULES: Final[dict[str, Any]] = tomllib.loads((ROOT / "packaging" / "security-floors.toml").read_text())


def test_another_version_than_the_pinned_one_is_found() -> None:
    locked = audit.locked_versions() | {"msgspec": "0.0.1"}
    assert any("msgspec" in line and "pins 0.0.1" in line for line in audit.wrong_versions(locked))


def test_what_nobody_pinned_is_found() -> None:
    locked = audit.locked_versions()
    del locked["msgspec"]
    assert any("msgspec" in line and "does not name it" in line for line in audit.wrong_versions(locked))


def test_a_version_with_a_known_weakness_is_found_with_its_number() -> None:
    [line] = audit.too_old({"pyjwt": "2.10.0"}, {"pyjwt": RULES["floors"]["pyjwt"]})
    assert "CVE-2024-53861" in line


@pytest.mark.parametrize("name", RULES["floors"])
def test_every_floor_says_why_and_is_kept_by_the_lock(name: str) -> None:
    assert "CVE-" in RULES["floors"][name]["why"]
    assert list(audit.too_old(audit.locked_versions(), {name: RULES["floors"][name]})) == []


def test_a_licence_nobody_allowed_is_found() -> None:
    found = list(audit.wrong_licences({"allowed": ["BSD"], "exceptions": {}}))
    assert any(line.startswith("pytest ") for line in found)
    assert list(audit.wrong_licences(RULES["licences"])) == []


def test_our_packages_import_only_what_is_declared() -> None:
    assert list(audit.unnamed_imports()) == []


def test_that_the_advisories_could_not_be_asked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit.importlib.util, "find_spec", lambda _name: None)
    said, known = audit.advisories()
    assert "NOT asked" in said
    assert known == []
