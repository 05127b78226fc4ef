"""The hub's program on PostgreSQL: what people start, stop, copy and move, and a database that goes away."""

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import DEADLINE_S, eventually_sync
from tests.e2e.hub_program import HUB, Hub, command, running
from tests.postgres_server import PostgresServer, own_server

AGENT = (HUB[0], "-m", "chatops_agent", "run")
PASSWORD = "secret word"  # noqa: S105 - of a hub that ends with the test


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as address:
        yield address.url


def place(folder: Path, database: str) -> tuple[str, ...]:
    return ("--data-dir", str(folder), "--database", database)


def names(hub: Hub) -> list[str]:
    return sorted(item["name"] for item in hub.ask("/api/v1/servers", token=hub.login(PASSWORD))["items"])


def test_a_hub_keeps_everything_on_postgres(tmp_path: Path, database: str) -> None:
    with running(*place(tmp_path, database), CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        token = hub.login(PASSWORD)
        made = hub.ask("/api/v1/servers", {"name": "web-1"}, token)
        hub.stop(signal.SIGKILL)
    with running(*place(tmp_path, database)) as hub:
        assert hub.ask(f"/api/v1/servers/{made['id']}", token=token)["name"] == "web-1"
        assert (
            "a hub is using the database" in command("user", "list", *place(tmp_path / "b", database)).stderr
        )
        assert hub.stop() == 0
    listed = command("user", "list", *place(tmp_path, database))
    assert listed.stdout.startswith("admin"), listed.stderr
    assert not (tmp_path / "hub.db").exists()


def test_a_running_hub_is_copied_and_the_copy_restored_and_verified(tmp_path: Path, database: str) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    with running(*place(data, database), CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        hub.ask("/api/v1/servers", {"name": "before"}, hub.login(PASSWORD))
        done = command("backup", str(copy), *place(data, database))
        assert done.returncode == 0, done.stderr
        hub.ask("/api/v1/servers", {"name": "after"}, hub.login(PASSWORD))
        assert "stop it first" in command("restore", str(copy), *place(tmp_path / "c", database)).stderr
        assert hub.stop() == 0
    for checked in ((), (str(copy),)):
        verified = command("verify", *checked, *place(data, database))
        assert "audit chain  ok" in verified.stdout, verified.stdout + verified.stderr
    restored = command("restore", str(copy), *place(data, database))
    assert "schema before_restore" in restored.stdout, restored.stderr
    with running(*place(data, database)) as hub:
        assert names(hub) == ["before"]
    # The copy is a database of its own: any hub starts from it.
    copy.rename(tmp_path / "hub.db")
    with running("--data-dir", str(tmp_path)) as hub:
        assert names(hub) == ["before"]


def test_a_changed_audit_log_is_found(tmp_path: Path, database: str, postgres_server: PostgresServer) -> None:
    with running(*place(tmp_path, database), CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        hub.ask("/api/v1/servers", {"name": "web-1"}, hub.login(PASSWORD))
        assert hub.stop() == 0
    name = database.rpartition("/")[2]
    postgres_server.run(
        "DO $$ BEGIN ALTER TABLE audit DISABLE TRIGGER USER; DELETE FROM audit WHERE id ="
        " (SELECT max(id) FROM audit); END $$",
        name,
    )
    verified = command("verify", *place(tmp_path, database))
    assert verified.returncode == 1
    assert "BROKEN" in verified.stdout


def test_a_hub_moves_with_its_history_also_after_kill_9(tmp_path: Path, database: str) -> None:
    with running("--data-dir", str(tmp_path), CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        token = hub.login(PASSWORD)
        for number in range(30):
            hub.ask("/api/v1/servers", {"name": f"web-{number}"}, token)
        audit = hub.ask("/api/v1/audit?limit=1000", token=token)["items"]
        moving = command("migrate-to", database, "--data-dir", str(tmp_path))
        assert "another hub" in moving.stderr
        assert hub.stop() == 0
    cut = subprocess.Popen(  # noqa: S603 - our own program
        [*HUB, "migrate-to", database, "--data-dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert cut.stderr is not None
    cut.stderr.readline()
    cut.kill()
    cut.communicate()
    started = command("run", "--port", "0", *place(tmp_path, database))
    assert "not whole" in started.stderr
    moved = command("migrate-to", database, "--data-dir", str(tmp_path))
    assert moved.returncode == 0, moved.stderr
    assert "100 %" in moved.stderr
    assert "after an earlier attempt" in moved.stdout
    assert "audit chain  ok" in moved.stdout
    again = command("migrate-to", database, "--data-dir", str(tmp_path))
    assert "holds a hub's data already" in again.stderr
    with running(*place(tmp_path, database)) as hub:
        # The secret stayed, so the token is good; so is every entry of the audit log.
        kept = hub.ask("/api/v1/audit?limit=1000", token=token)["items"]
        assert kept[-len(audit) :] == audit
        hub.ask("/api/v1/servers", {"name": "new"}, token)
        assert len(names(hub)) == 31


def ready(hub: Hub) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"{hub.url}/readyz", timeout=DEADLINE_S) as answer:  # noqa: S310 - our own hub
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, json.loads(exc.read())


def test_without_its_database_a_hub_says_so_and_is_back_by_itself(tmp_path: Path) -> None:
    with (
        own_server() as server,
        server.server.database() as address,
        running(*place(tmp_path / "hub", address.url), CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub,
    ):
        token = hub.login(PASSWORD)
        made = hub.ask("/api/v1/servers", {"name": "web-1"}, token)
        key = hub.ask("/api/v1/api-keys", {"server_id": made["id"]}, token)["key"]
        agent = subprocess.Popen(  # noqa: S603 - our own program
            [*AGENT, "--url", hub.url, "--interval", "1", "--data-dir", str(tmp_path / "agent")],
            env={"CHATOPS_API_KEY": key, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            stderr=subprocess.DEVNULL,
        )
        try:
            path = f"/api/v1/metrics/{made['id']}/history?metric=cpu.percent&points=1000"

            def points() -> int:
                return len(hub.ask(path, token=token)["series"][0]["points"])

            eventually_sync(lambda: points() >= 2, deadline_s=2 * DEADLINE_S)
            before = points()
            server.stop()
            status, said = eventually_sync(lambda: ready(hub) if ready(hub)[0] == 503 else None) or (
                0,
                {},
            )
            assert status == 503
            assert said["status"] == "unavailable"
            server.start()
            eventually_sync(lambda: ready(hub)[0] == 200, deadline_s=3 * DEADLINE_S)
            eventually_sync(lambda: points() > before + 1, deadline_s=3 * DEADLINE_S)
            answer = hub.ask(f"/api/v1/metrics/{made['id']}/coverage", token=token)
            assert answer["lost"] == 0
            assert answer["percent"] == 100
        finally:
            agent.terminate()
            agent.wait(DEADLINE_S)
        assert hub.stop() == 0
