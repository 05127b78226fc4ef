"""Commands and terminals started by a service manager; a script stands in for systemd-run and what it asks.

It does what is asked by the words alone, in a session of its own and with nothing of the agent's environment
but what it was told to take, as a service manager would.
"""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_agent.actions.processes.environment import COOKIE
from chatops_agent.actions.processes.outside import Outside
from chatops_agent.actions.workshop import Containment
from tests.integration.agent_actions.hub_side import ALL_ALLOWED, HubSide, hub_side
from tests.integration.agent_actions.processes import gone

MANAGER = f"""#!{sys.executable}
import os, subprocess, sys
split = sys.argv.index("--")
given, words = sys.argv[1:split], sys.argv[split + 1:]
value = lambda name: [each.partition("=")[2] for each in given if each.startswith(name + "=")]
with open(__file__ + ".asked", "a") as asked:
    print("\\0".join(given), file=asked)
names = value("--setenv")
done = subprocess.run(
    words, cwd=value("--working-directory")[0], start_new_session=True,
    env={{name: os.environ[name] for name in names}}, check=False,
)
sys.exit(done.returncode if done.returncode >= 0 else 255)
"""


@pytest.fixture
def manager(tmp_path: Path) -> Path:
    path = tmp_path / "systemd-run"
    path.write_text(MANAGER)
    path.chmod(0o755)
    return path


@pytest.fixture
async def hub(manager: Path) -> AsyncIterator[HubSide]:
    outside = Outside("/run/user/990", str(manager))
    async with hub_side(ALL_ALLOWED, Containment(cgroups=False, outside=outside, grace_s=0.5)) as hub:
        yield hub


def asked(manager: Path) -> list[str]:
    return Path(f"{manager}.asked").read_text().split("\0")


async def test_a_command_runs_there_with_its_folder_input_and_exit_code(
    hub: HubSide, manager: Path, tmp_path: Path
) -> None:
    done = await hub.finished(
        'cat; pwd; echo "$TOKEN"; echo fault >&2; exit 7',
        cwd=str(tmp_path),
        stdin="in\n",
        env={"TOKEN": "hidden"},
    )
    assert (done.status, done.exit_code) == ("failed", 7)
    assert hub.output(done.command_id, "stdout") == f"in\n{tmp_path}\nhidden\n".encode()
    assert hub.output(done.command_id, "stderr") == b"fault\n"
    assert "--setenv=TOKEN" in asked(manager)
    assert "hidden" not in "".join(asked(manager))
    assert any(word.startswith("--unit=chatops-run-") for word in asked(manager))
    assert "--property=RuntimeMaxSec=120" in asked(manager)


async def test_nothing_of_the_agents_environment_comes_along(hub: HubSide) -> None:
    done = await hub.finished("env")
    names = {line.partition("=")[0] for line in hub.output(done.command_id).decode().splitlines()}
    assert "XDG_RUNTIME_DIR" not in names
    assert COOKIE in names
    assert not {name for name in os.environ if name.startswith("PYTEST")} & names


async def test_what_was_cancelled_ends_there_too(hub: HubSide) -> None:
    command_id = hub.run("trap '' TERM; echo $$; sleep 600 & sleep 600")
    pid = int(await hub.printed(command_id, b"\n"))
    hub.cancel(command_id)
    assert (await hub.result(command_id)).status == "cancelled"
    await gone(pid)


async def test_a_command_too_long_for_words_is_refused_with_a_reason(hub: HubSide) -> None:
    refused = await hub.finished("true # " + "x" * 200_000)
    assert (refused.status, refused.code) == ("refused", "invalid_request")
    assert "too long to be run outside" in refused.message


async def test_a_terminal_has_job_control_there(hub: HubSide) -> None:
    terminal = await hub.opened()
    hub.type("sleep 600 & jobs; tty\n", terminal)
    await hub.shown(terminal, b"Running")
    await hub.shown(terminal, b"/dev/pts/")
    hub.type("exit\n", terminal)
