"""docs/configuration.md lists exactly the flags and variables of the three programs."""

import re
from typing import Any, Final

import msgspec
import pytest

from chatops_agent.config import Settings as AgentSettings
from chatops_server.config import Settings as HubSettings
from chatops_tui.alert_arguments import JOBS
from chatops_tui.config import Choices
from tests.markdown import code, rows, section
from tests.project import PACKAGES, ROOT, program, sources

PAGE: Final = (ROOT / "docs" / "configuration.md").read_text()
HUB: Final = "## The hub: `chatops-server run`"
AGENT: Final = "## The agent: `chatops-agent run`"
UI: Final = "## The terminal UI and command line: `chatops`"
PROGRAMS: Final[list[tuple[str, type[msgspec.Struct]]]] = [
    (HUB, HubSettings),
    (AGENT, AgentSettings),
    (UI, Choices),
]
# Of every parser, and no settings; the last one is how help explains the names of variables.
ALWAYS: Final = {"--help", "--config", "--version", "--foo-bar"}


def _flag(field: msgspec.structs.FieldInfo) -> str:
    return "--" + field.name.replace("_", "-")


def _table(heading: str) -> dict[str, str]:
    """The default by flag."""
    return {code(row[0]): row[1] for row in rows(section(PAGE, heading))}


def _secrets() -> set[str]:
    """The variables that have no flag: an argument can be read by every user of a machine."""
    return {code(row[0]) for row in rows(section(PAGE, "## Without a flag"))}


def _variable(field: msgspec.structs.FieldInfo) -> str:
    return "CHATOPS_" + field.name.upper()


@pytest.mark.parametrize(("heading", "spec"), PROGRAMS)
def test_every_setting_is_listed_and_no_other(heading: str, spec: type[msgspec.Struct]) -> None:
    fields = msgspec.structs.fields(spec)
    assert list(_table(heading)) == [_flag(field) for field in fields if _variable(field) not in _secrets()]


@pytest.mark.parametrize(("heading", "spec"), PROGRAMS)
def test_the_defaults_are_those_of_the_code(heading: str, spec: type[msgspec.Struct]) -> None:
    listed = _table(heading)
    for field in msgspec.structs.fields(spec):
        if _flag(field) in listed:
            assert _agrees(listed[_flag(field)], field), field.name


def _agrees(listed: str, field: msgspec.structs.FieldInfo) -> bool:
    default: Any = "required" if field.required else field.default
    if default in ("", None, ()):
        # An empty value stands for something only words can say.
        return bool(listed)
    if isinstance(default, bool):
        return listed == ("on" if default else "off")
    shown = ",".join(default) if isinstance(default, tuple) else str(default)
    return code(listed) == shown


@pytest.mark.parametrize(
    ("heading", "name", "command"),
    [
        (HUB, "chatops-server", ["run"]),
        (AGENT, "chatops-agent", ["run"]),
        (UI, "chatops", []),
        (UI, "chatops", ["demo"]),
        (UI, "chatops", ["add"]),
        (UI, "chatops", ["servers"]),
        (UI, "chatops", ["login"]),
        (UI, "chatops", ["exec"]),
        (UI, "chatops", ["shell"]),
        (UI, "chatops", ["logs"]),
        (UI, "chatops", ["history"]),
        (UI, "chatops", ["containers"]),
        (UI, "chatops", ["docker"]),
        *((UI, "chatops", [job]) for job in sorted(JOBS)),
    ],
)
def test_help_tells_of_what_is_listed_and_of_nothing_else(
    heading: str, name: str, command: list[str]
) -> None:
    offered = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", program(name, *command, "--help").stdout))
    mentioned = set(re.findall(r"`(--[a-z-]+)`", section(PAGE, heading)))
    assert set(_table(heading)) <= offered - ALWAYS <= mentioned


def test_every_variable_of_the_code_is_listed_and_no_other() -> None:
    settings = {_variable(field) for _, spec in PROGRAMS for field in msgspec.structs.fields(spec)}
    named = {
        name
        for path in sources(*PACKAGES)
        for name in re.findall(r'"(CHATOPS_[A-Z][A-Z_]*[A-Z])"', path.read_text())
    }
    flags = {
        "CHATOPS_" + flag.removeprefix("--").replace("-", "_").upper()
        for heading, _ in PROGRAMS
        for flag in _table(heading)
    }
    assert _secrets() == (settings | named) - flags
