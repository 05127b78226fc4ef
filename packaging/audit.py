"""The audit of what is installed: `make audit`, part of `make check`. Works without a network.

Always: what is installed is what requirements.lock pins and what its own record of files says; no version
below one with a known weakness (packaging/security-floors.toml); licences we may ship; our packages import
nothing that pyproject.toml does not name. Where pip-audit is installed and the advisory database answers,
it is asked as well; where not, that is said and is no failure, for nothing was found out.
"""

import ast
import base64
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("chatops_wire", "chatops_server", "chatops_agent", "chatops_tui")
# What makes the environment, and ourselves.
_NOT_LOCKED: Final = frozenset({"chatops", "pip", "setuptools", "wheel"})


def main() -> int:
    """Print what is wrong and what could not be asked; return the exit status."""
    rules = tomllib.loads((ROOT / "packaging" / "security-floors.toml").read_text(encoding="utf-8"))
    locked = locked_versions()
    found = [
        *wrong_versions(locked),
        *too_old(locked, rules["floors"]),
        *wrong_licences(rules["licences"]),
        *changed_files(),
        *unnamed_imports(),
    ]
    for line in found:
        print(f"audit: {line}", file=sys.stderr)
    asked, known = advisories()
    for line in known:
        print(f"audit: {line}", file=sys.stderr)
    count = len(list(metadata.distributions()))
    print(
        f"audit: {count} distributions against {len(locked)} locked ones; {len(found) + len(known)} findings; {asked}"
    )
    return 1 if found or known else 0


def name_of(text: str) -> str:
    """Return a distribution's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", text).lower()


def locked_versions() -> dict[str, str]:
    """Return what requirements.lock pins."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", text, re.MULTILINE))


def wrong_versions(locked: dict[str, str]) -> Iterator[str]:
    """Yield what is installed and not pinned, or otherwise."""
    for one in metadata.distributions():
        name = name_of(one.name)
        if name in _NOT_LOCKED:
            continue
        if name not in locked:
            yield f"{name} {one.version} is installed, and requirements.lock does not name it"
        elif locked[name] != one.version:
            yield f"{name} {one.version} is installed, requirements.lock pins {locked[name]}"


def too_old(locked: dict[str, str], floors: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield what is pinned or installed with a known weakness."""
    installed = {name_of(one.name): one.version for one in metadata.distributions()}
    for name, floor in floors.items():
        for version in {locked.get(name), installed.get(name)} - {None}:
            if _number(version or "") < _number(floor["at_least"]):
                yield f"{name} {version} is older than {floor['at_least']}: {floor['why']}"


def wrong_licences(rules: dict[str, Any]) -> Iterator[str]:
    """Yield what has another licence than those allowed, or none that can be read."""
    for one in metadata.distributions():
        name = name_of(one.name)
        if name in _NOT_LOCKED or name in rules["exceptions"]:
            continue
        meta = one.metadata
        told = [meta.get("License-Expression") or "", (meta.get("License") or "")[:80]]
        told += [each for each in meta.get_all("Classifier") or [] if each.startswith("License ::")]
        if not any(allowed in text for text in told for allowed in rules["allowed"]):
            yield f"{name} has the licence {' / '.join(filter(None, told)) or '(none told)'}"


def changed_files() -> Iterator[str]:
    """Yield files of installed distributions that are not as their record says."""
    for one in metadata.distributions():
        for file in one.files or ():
            if file.hash is None or name_of(one.name) == "chatops" or file.suffix == ".pyc":
                continue
            try:
                digest = hashlib.new(file.hash.mode, Path(str(file.locate())).read_bytes()).digest()
            except OSError:
                yield f"{name_of(one.name)}: {file} is missing"
                continue
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                yield f"{name_of(one.name)}: {file} was changed after it was installed"


def unnamed_imports() -> Iterator[str]:
    """Yield what our packages import that pyproject.toml does not name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [
        line for name, extra in project["optional-dependencies"].items() if name != "dev" for line in extra
    ]
    named = {name_of(re.split(r"[\[<>=;!~ ]", line)[0]) for line in [*project["dependencies"], *extras]}
    providers = metadata.packages_distributions()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for module in sorted(_imported(path)):
                if module in sys.stdlib_module_names or module in PACKAGES:
                    continue
                names = {name_of(each) for each in providers.get(module, [module])}
                if not names & named:
                    yield f"{path.relative_to(ROOT)} imports {module}, which pyproject.toml does not name"


def advisories() -> tuple[str, list[str]]:
    """Return what pip-audit could be asked, in words, and what it knows of the pinned versions."""
    if importlib.util.find_spec("pip_audit") is None:
        return "advisories NOT asked for: pip-audit is not installed (pip install pip-audit)", []
    lock = str(ROOT / "requirements.lock")
    asked = [sys.executable, "-m", "pip_audit", "-r", lock, "--no-deps", "--disable-pip", "-f", "json"]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [*asked, "--progress-spinner", "off"], capture_output=True, text=True, timeout=120, check=False
        )
        told = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return "advisories NOT asked for: the advisory database does not answer", []
    skipped = [one["name"] for one in told if "skip_reason" in one]
    known = [
        f"{one['name']} {one['version']}: {weakness['id']}, mended in {', '.join(weakness['fix_versions']) or 'none'}"
        for one in told
        for weakness in one.get("vulns", ())
    ]
    if told and len(skipped) == len(told):
        return "advisories NOT asked for: this index knows none", known
    return f"advisories asked for {len(told) - len(skipped)} of {len(told)}", known


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:4])


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


if __name__ == "__main__":
    sys.exit(main())
