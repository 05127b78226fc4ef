"""The commands of a script against a real hub with a real agent."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import eventually_sync
from tests.e2e.demo_process import START_WITHIN_S, Demo, own_environ, running


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("cli") / "demo") as demo:
        yield demo


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def chatops(demo: Demo, home: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "chatops_tui.cli", *arguments],
        env=own_environ(home) | {"CHATOPS_URL": demo.facts["url"]} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_WITHIN_S,
    )


def who(demo: Demo) -> dict[str, str]:
    return {"CHATOPS_USERNAME": demo.facts["username"], "CHATOPS_PASSWORD": demo.facts["password"]}


def test_a_login_serves_the_commands_after_it(demo: Demo, home: Path) -> None:
    login = chatops(demo, home, "login", "--json", **who(demo))
    assert (login.returncode, login.stderr) == (0, "")
    assert json.loads(login.stdout)["user"]["role"] == "admin"

    servers = chatops(demo, home, "servers", "--json")
    assert (servers.returncode, servers.stderr) == (0, "")
    mine = next(item for item in json.loads(servers.stdout) if item["id"] == demo.facts["server_id"])
    assert mine["status"] == "online"
    assert mine["latest"]["memory"]["total"] > 0

    table = chatops(demo, home, "servers")
    assert mine["name"] in table.stdout
    assert "%" in table.stdout


def test_an_added_server_comes_online_with_the_line_that_was_told(
    demo: Demo, home: Path, tmp_path: Path
) -> None:
    """The very line is run, by a shell."""
    added = chatops(demo, home, "add", "second", "--tag", "test", "--json", **who(demo))
    assert added.returncode == 0, added.stderr
    told = json.loads(added.stdout)
    assert told["server"]["status"] == "never"

    # In a clone the line names the program in the clone's own environment, from the clone's folder.
    started = re.sub(r"\S*chatops-agent", f"exec {sys.executable} -m chatops_agent", told["run"], count=1)
    line = f"{started} --data-dir {tmp_path / 'agent'}"
    with subprocess.Popen(["/bin/sh", "-c", line], env=own_environ(home)) as agent:  # noqa: S603 - see above

        def is_online() -> bool:
            listed = chatops(demo, home, "servers", "--json", **who(demo))
            statuses = {item["id"]: item["status"] for item in json.loads(listed.stdout)}
            return bool(statuses[told["server"]["id"]] == "online")

        try:
            eventually_sync(is_online, deadline_s=START_WITHIN_S)
        finally:
            agent.terminate()


def test_what_the_hub_refuses_is_status_1(demo: Demo, home: Path) -> None:
    chatops(demo, home, "add", "twice", **who(demo))
    again = chatops(demo, home, "add", "twice", **who(demo))

    assert again.returncode == 1
    assert again.stderr.startswith("chatops: ")
    assert again.stderr.count("\n") == 1


def test_a_wrong_password_is_status_3(demo: Demo, home: Path) -> None:
    ran = chatops(demo, home, "login", **(who(demo) | {"CHATOPS_PASSWORD": "wrong"}))

    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr == "chatops: user name or password is wrong\n"


def test_a_hub_that_is_down_is_status_3(demo: Demo, home: Path) -> None:
    ran = chatops(demo, home, "login", "--url", "http://127.0.0.1:1", **who(demo))

    assert (ran.returncode, ran.stdout) == (3, "")
    assert "cannot reach the hub at http://127.0.0.1:1: nothing listens there" in ran.stderr
