"""The hub as people start it: a process with flags, a data directory, output and signals."""

import re
import signal
import socket
import sqlite3
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.hub_program import LISTENING, command, running
from tests.e2e.own_certificate import own_certificate


def test_the_first_start_makes_an_admin_and_a_secret_and_shows_the_password_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running("--data-dir", str(data)) as hub:
        [shown] = [line for line in hub.out if "password" in line]
        password = shown.rsplit(" ", 1)[1]
        assert hub.out.index(shown) < hub.out.index(LISTENING + hub.url)
        token = hub.login(password)
        assert hub.ask("/api/v1/auth/me", token=token)["role"] == "admin"
        assert password not in "\n".join(hub.err)
        assert hub.stop() == 0
    assert {path.name: path.stat().st_mode & 0o777 for path in data.iterdir() if path.is_file()} == {
        "hub.db": 0o600,
        "hub.lock": 0o600,
        "secret": 0o600,
        "token_keys.json": 0o600,
        "token_keys.lock": 0o600,
        "audit-head": 0o600,
    }
    assert data.stat().st_mode & 0o777 == 0o700
    with running("--data-dir", str(data)) as hub:
        assert [line for line in hub.out if "password" in line] == []
        # The secret was kept, so tokens outlive a restart.
        assert hub.ask("/api/v1/auth/me", token=token)["username"] == "admin"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(tmp_path: Path, number: signal.Signals) -> None:
    with running("--data-dir", str(tmp_path), CHATOPS_ADMIN_PASSWORD="secret word") as hub:  # noqa: S106
        assert hub.login("secret word")
        assert hub.stop(number) == 0
        assert "Traceback" not in "\n".join(hub.err)


def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with running("--data-dir", str(tmp_path), CHATOPS_ADMIN_PASSWORD="secret word") as hub:  # noqa: S106
        token = hub.login("secret word")
        made = hub.ask("/api/v1/servers", {"name": "web-1"}, token)
        hub.stop(signal.SIGKILL)
    with running("--data-dir", str(tmp_path)) as hub:
        assert hub.ask(f"/api/v1/servers/{made['id']}", token=token)["name"] == "web-1"


def test_a_second_hub_on_the_same_data_says_who_has_it(tmp_path: Path) -> None:
    with running("--data-dir", str(tmp_path)) as hub:
        second = command("run", "--port", "0", "--data-dir", str(tmp_path))
        listing = command("user", "list", "--data-dir", str(tmp_path))
        for refused in (second, listing):
            assert refused.returncode == 1
            assert refused.stdout == ""
            [line] = refused.stderr.splitlines()
            assert str(hub.process.pid) in line
            assert str(tmp_path) in line


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = command("run", "--port", port, "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert port in line
    assert "in use" in line
    # Nobody was made whose password was not shown.
    assert ended.stdout == ""
    with running("--data-dir", str(tmp_path)) as hub:
        assert [line for line in hub.out if "password" in line]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("run", "--port", "many"), "--port"),
        (("run", "--host", "203.0.113.7", "--port", "0"), "--host"),
        (("run", "--database", "mysql://db/hub"), "--database"),
        (("run", "--colour", "red"), "--colour"),
        (("run", "--tls-cert", "cert.pem"), "--tls-key"),
        (("user", "add", "ann"), "--role"),
        (("user", "add", "ann", "--role", "king", "--password-stdin"), "role"),
        (("user", "add", "a b", "--role", "viewer", "--password-stdin"), "username"),
        ((), "COMMAND"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(tmp_path: Path, arguments: tuple[str, ...], named: str) -> None:
    ended = command(*arguments, stdin="long enough\n", CHATOPS_DATA_DIR=str(tmp_path))
    assert ended.returncode == 2, ended
    [line] = ended.stderr.splitlines()
    assert line.startswith("chatops-server: ")
    assert named in line


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "hub.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    ended = command("run", "--port", "0", "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert "999" in line


def test_users_are_handled_while_the_hub_is_stopped(tmp_path: Path) -> None:
    place = ("--data-dir", str(tmp_path))
    add = ("user", "add", "ann", "--role", "admin", "--password-stdin", *place)
    assert command(*add, stdin="long enough\n").returncode == 0
    again = command(*add, stdin="long enough\n")
    assert (again.returncode, "taken" in again.stderr) == (1, True)
    listing = command("user", "list", *place).stdout
    assert re.fullmatch(r"ann +admin +\S+\n", listing)
    assert (
        command("user", "password", "ann", "--password-stdin", *place, stdin="another one\n").returncode == 0
    )
    last = command("user", "remove", "ann", *place)
    assert (last.returncode, "last active admin" in last.stderr) == (1, True)
    assert command("user", "remove", "bob", *place).returncode == 1
    with running(*place) as hub:
        # There is a user, so no other admin was made.
        assert [line for line in hub.out if "password" in line] == []
        token = hub.login("another one", "ann")
        names = [user["username"] for user in hub.ask("/api/v1/users", token=token)["items"]]
        assert names == ["ann"]
        newest = hub.ask("/api/v1/audit", token=token)["items"][1]
        assert (newest["action"], newest["address"], newest["user_id"]) == ("user.update", "console", None)


def test_it_speaks_https_with_a_certificate(tmp_path: Path) -> None:
    made = own_certificate(tmp_path)
    with running(*made.flags, "--data-dir", str(tmp_path / "data")) as hub:
        assert hub.url.startswith("https://")
        context = ssl.create_default_context(cafile=made.cert)
        assert hub.ask("/healthz", context=context) == {"status": "ok"}
        assert hub.stop() == 0


def test_a_secret_from_outside_signs_the_tokens(tmp_path: Path) -> None:
    secret = tmp_path / "shared"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    environ = {"CHATOPS_SECRET_FILE": str(secret), "CHATOPS_ADMIN_PASSWORD": "secret word"}
    data = tmp_path / "data"
    with running("--data-dir", str(data), **environ) as hub:
        token = hub.login("secret word")
    assert not (data / "secret").exists()
    with running("--data-dir", str(data)) as hub:
        with pytest.raises(urllib.error.HTTPError) as raised:
            hub.ask("/api/v1/auth/me", token=token)
        assert raised.value.code == 401
        raised.value.close()
