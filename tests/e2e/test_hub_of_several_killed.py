"""Two hubs' programs on one database and one NATS: one is killed, and its agent and its commands go on."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chatops_server.bus.address import NatsAddress
from tests.deadlines import DEADLINE_S, eventually_sync
from tests.e2e.hub_program import HUB, Hub, running
from tests.postgres_server import PostgresServer

PASSWORD = "secret word"  # noqa: S105 - of hubs that end with the test
SECRET = "a secret that only this test run knows, 0123456789"  # noqa: S105 - likewise
AGENT = (HUB[0], "-m", "chatops_agent", "run", "--interval", "1", "--allow", "commands")
# The ten seconds after which a silent hub is gone, twice over for two busy cores, and a deadline.
GONE_S = 20 + 2 * DEADLINE_S
# Longer than it takes to find out who holds the agent and to kill it.
COMMAND = "echo begun; sleep 4; echo ended"


@dataclass
class Both:
    """Two hubs, an agent that knows both, and its server."""

    hubs: dict[str, Hub]
    token: str
    server_id: str
    database: str
    """Its name."""

    def asked(self, name: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        return self.hubs[name].ask(f"/api/v1{path}", body, self.token)

    def newest(self, name: str) -> tuple[str, int]:
        """Return the server's status as a hub shows it, and the number of its newest sample."""
        shown = self.asked(name, f"/servers/{self.server_id}")
        return shown["status"], (shown["latest"] or {}).get("seq", 0)

    def is_online(self, name: str) -> None:
        """Return when a hub shows samples of the agent."""
        eventually_sync(lambda: self.newest(name) > ("online", 0), what=f"online at {name}")

    def ended(self, name: str, command_id: str) -> dict[str, Any]:
        """Return a command, as a hub shows it, when it has ended."""
        eventually_sync(
            lambda: self.command(name, command_id)["status"] != "running",
            deadline_s=GONE_S,
            what="the command ended",
        )
        return self.command(name, command_id)

    def begin(self, name: str) -> str:
        order = {"server_id": self.server_id, "command": COMMAND, "wait": False}
        command_id = str(self.asked(name, "/commands/", order)["command_id"])
        eventually_sync(lambda: "begun" in self.command(name, command_id)["output"], what="it runs")
        return command_id

    def command(self, name: str, command_id: str) -> dict[str, Any]:
        return dict(self.asked(name, f"/commands/{command_id}"))


@contextmanager
def agent(folder: Path, key: str, *urls: str) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*AGENT, *(f"--url={url}" for url in urls), "--data-dir", str(folder)],
        env={**os.environ, "CHATOPS_API_KEY": key},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


@pytest.fixture
def both(tmp_path: Path, postgres_server: PostgresServer, nats_address: NatsAddress) -> Iterator[Both]:
    bus = f"{nats_address.urls[0]}/{nats_address.space}"
    with postgres_server.database() as address:

        def flags(name: str) -> tuple[str, ...]:
            return ("--data-dir", str(tmp_path / name), "--database", address.url, "--bus", bus)

        environ = {"CHATOPS_ADMIN_PASSWORD": PASSWORD, "CHATOPS_SECRET": SECRET}
        with running(*flags("a"), **environ) as one, running(*flags("b"), **environ) as other:
            token = one.login(PASSWORD)
            made = one.ask("/api/v1/servers", {"name": "web-1"}, token)
            key = one.ask("/api/v1/api-keys", {"server_id": made["id"]}, token)["key"]
            found = Both({"a": one, "b": other}, token, made["id"], address.url.rpartition("/")[2])
            with agent(tmp_path / "agent", key, one.url, other.url):
                for name in found.hubs:
                    found.is_online(name)
                yield found


def holder(postgres_server: PostgresServer, both: Both, tmp_path: Path) -> str:
    """Return the name of the hub that holds the agent."""
    [(node_id,)] = postgres_server.run("SELECT node_id FROM agent_leases", both.database)
    return next(name for name in both.hubs if (tmp_path / name / "node").read_text().strip() == node_id)


@pytest.mark.timeout(180)
def test_an_agent_and_commands_of_both_hubs_outlive_the_one_that_holds_it(
    both: Both, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    killed = holder(postgres_server, both, tmp_path)
    left = "b" if killed == "a" else "a"
    commands = [both.begin(killed), both.begin(left)]
    _, before = both.newest(left)
    both.hubs[killed].stop(signal.SIGKILL)
    eventually_sync(lambda: both.newest(left)[1] > before + 2, deadline_s=GONE_S, what="samples at the other")
    assert both.newest(left)[0] == "online"
    for command_id in commands:
        ended = both.ended(left, command_id)
        assert (ended["status"], ended["output"]) == ("succeeded", "begun\nended\n")
