"""What each program may load, asked of fresh interpreters: import-linter sees text, this sees the result."""

import json
from typing import Final

import pytest

from tests.project import PACKAGES, modules, python

OPENS_THE_WORLD: Final = {"asyncio", "socket", "subprocess", "sqlite3", "selectors", "ssl"}
FRAMEWORKS: Final = {"aiohttp", "textual", "rich", "aiosqlite", "psutil", "docker", "jwt", "bcrypt", "uvloop"}


# Loaded by name, where a Docker socket is; and where a key file is, which cryptography reads with bcrypt.
ONLY_WHERE_NEEDED: Final = frozenset({"chatops_agent.engine.client", "chatops_tui.signing.key_file"})


def _at_start(package: str) -> list[str]:
    """What a program may load before anything of the machine asks for more."""
    return [name for name in modules(package) if name not in ONLY_WHERE_NEEDED]


def _loaded_by(*names: str) -> set[str]:
    """The modules that importing `names` adds to a bare interpreter, top names only."""
    code = (
        "import json, sys; before = set(sys.modules)\n"
        f"import {', '.join(names)}\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in set(sys.modules) - before})))"
    )
    return set(json.loads(python(code)))


def test_the_agent_loads_neither_textual_nor_a_database_nor_docker() -> None:
    """It must start light: docker is loaded only where a Docker socket is."""
    assert set() == _loaded_by(*_at_start("chatops_agent")) & {
        "textual", "rich", "aiosqlite", "sqlite3", "docker", "jwt", "bcrypt",
    }  # fmt: skip


def test_the_command_line_answers_help_without_textual() -> None:
    assert set() == _loaded_by("chatops_tui.cli") & {"textual", "aiohttp"}


def test_the_first_picture_waits_for_neither_the_client_nor_another_screen() -> None:
    code = "import json, sys; import chatops_tui.app; print(json.dumps(sorted(sys.modules)))"
    assert set() == set(json.loads(python(code))) & {
        "aiohttp", "chatops_tui.deeds", "chatops_tui.screens.server", "chatops_tui.screens.console_pane",
    }  # fmt: skip


@pytest.mark.parametrize(
    "package",
    ["chatops_wire", "chatops_server.domain", "chatops_tui.store", "chatops_tui.render"],
)
def test_pure_modules_load_nothing_that_reaches_outside(package: str) -> None:
    # Rich's table of cell widths: pure too, and what text is measured with.
    drawn_with = {"rich"} if package.startswith("chatops_tui.") else set()
    assert set() == _loaded_by(*modules(package)) & (OPENS_THE_WORLD | FRAMEWORKS - drawn_with)


@pytest.mark.parametrize(
    ("package", "others"),
    [
        ("chatops_server", {"chatops_agent", "chatops_tui", "textual", "psutil", "docker"}),
        ("chatops_agent", {"chatops_server", "chatops_tui"}),
        ("chatops_tui", {"chatops_server", "chatops_agent", "aiosqlite", "bcrypt", "docker"}),
    ],
)
def test_no_program_loads_another(package: str, others: set[str]) -> None:
    assert set() == _loaded_by(*_at_start(package)) & others


# Some six hundred processes: a minute and a half where others use the machine too.
@pytest.mark.timeout(400)
def test_every_module_can_be_imported_alone() -> None:
    """A cycle shows only when the wrong end is imported first, so each is tried in a process of its own."""
    code = (
        # Third-party packages are loaded once, before the forks; ours never are.
        "import json, os, sys, traceback\n"
        "import aiohttp.web, aiosqlite, asyncpg, asyncssh, bcrypt, docker, jwt, msgspec, nats.aio.client\n"
        "import prometheus_client, psutil, pyotp, rich.live\n"
        "import textual.app, textual.widgets, textual_serve.server\n"
        f"names, running = {modules(*PACKAGES)!r}, 0\n"
        "for name in names:\n"
        "    if running == os.cpu_count():\n"
        "        os.wait()\n"
        "        running -= 1\n"
        "    child = os.fork()\n"
        "    running += 1\n"
        "    if not child:\n"
        "        try:\n"
        "            __import__(name)\n"
        "        except BaseException:\n"
        "            print(name, traceback.format_exc(limit=-3), flush=True)\n"
        "        os._exit(0)\n"
        "while running:\n"
        "    os.wait()\n"
        "    running -= 1\n"
    )
    assert python(code) == ""
