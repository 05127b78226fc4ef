"""Keys, enrolment, users, grants and sessions from a script, against a real hub."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.demo_process import START_WITHIN_S, own_environ
from tests.e2e.hub_program import Hub, running

PASSWORD = "secret word"  # noqa: S105 - of a hub that lives as long as a test


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("access")
    with running("--data-dir", str(folder), CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        hub.ask("/api/v1/servers", {"name": "db-01"}, hub.login(PASSWORD))
        yield hub


@pytest.fixture
def home(tmp_path: Path, hub: Hub) -> Path:
    assert chatops(hub, tmp_path, "login", username="admin").returncode == 0
    return tmp_path


def chatops(
    hub: Hub, home: Path, *words: str, typed: str = "", username: str = ""
) -> "subprocess.CompletedProcess[str]":
    who = {"CHATOPS_USERNAME": username, "CHATOPS_PASSWORD": PASSWORD} if username else {}
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "chatops_tui.cli", *words],
        env=own_environ(home) | {"CHATOPS_URL": hub.url} | who,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_WITHIN_S,
    )


def answer(hub: Hub, home: Path, *words: str, typed: str = "") -> Any:  # noqa: ANN401 - JSON
    done = chatops(hub, home, *words, "--json", typed=typed)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_keys_are_made_listed_rotated_and_revoked(hub: Hub, home: Path) -> None:
    made = answer(
        hub, home, "api-keys", "new", "db-01", "--name", "rack-3", "--expires", "90d", "--auto-rotate"
    )
    assert made["key"].startswith(made["prefix"])
    listed = chatops(hub, home, "api-keys", "list", "db-01").stdout
    assert made["id"] in listed
    assert made["key"] not in listed
    [waiting] = answer(hub, home, "api-keys", "rotate", made["id"][:6])
    assert waiting["rotation"] == "waiting"
    assert answer(hub, home, "api-keys", "revoke", made["id"]) == {"revoked": [made["id"]]}
    assert "revoked" in chatops(hub, home, "api-keys").stdout
    again = chatops(hub, home, "api-keys", "rotate", made["id"])
    assert again.returncode == 1


def test_a_token_is_made_with_the_line_for_the_machine_and_ended(hub: Hub, home: Path) -> None:
    made = answer(
        hub, home, "enroll", "new", "--name", "rack", "--tag", "db", "--uses", "3", "--expires", "2h"
    )
    assert made["token"]["token"] in made["run"]
    assert f"enroll --url {hub.url} --token-stdin" in made["run"]
    shown = chatops(hub, home, "enroll").stdout
    assert "0 of 3" in shown
    assert made["token"]["token"] not in shown
    assert answer(hub, home, "enroll", "revoke", made["token"]["id"])["revoked"] == [made["token"]["id"]]


def test_users_are_added_changed_and_removed(hub: Hub, home: Path) -> None:
    made = answer(
        hub, home, "users", "add", "ann", "--role", "viewer", "--password-stdin", typed="long enough\n"
    )
    assert (made["username"], made["role"]) == ("ann", "viewer")
    assert answer(hub, home, "users", "set", "ann", "--role", "operator")["role"] == "operator"
    assert answer(hub, home, "users", "set", "ann", "--disable")["active"] is False
    answer(hub, home, "users", "password", "ann", "--password-stdin", typed="even longer\n")
    answer(hub, home, "users", "logout", "ann")
    grant = answer(hub, home, "grants", "set", "db-01", "ann", "operator")
    assert grant["role"] == "operator"
    assert "ann" in chatops(hub, home, "grants", "list", "db-01").stdout
    answer(hub, home, "grants", "remove", "db-01", "ann")
    assert answer(hub, home, "grants", "list", "db-01") == []
    assert "ann" in chatops(hub, home, "users").stdout
    answer(hub, home, "users", "remove", "ann")
    assert "ann" not in chatops(hub, home, "users").stdout


def test_sessions_are_listed_and_the_others_ended(hub: Hub, home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert chatops(hub, elsewhere, "login", username="admin").returncode == 0
    listed = answer(hub, home, "sessions")
    assert [one["current"] for one in listed].count(True) == 1
    answer(hub, home, "sessions", "end", "--others")
    assert [one["current"] for one in answer(hub, home, "sessions")] == [True]
    assert chatops(hub, elsewhere, "servers").returncode == 3


def test_a_server_is_renamed_tagged_and_removed(hub: Hub, home: Path) -> None:
    answer(hub, home, "add", "old", "--tag", "prod", "--tag", "db")
    made = answer(hub, home, "edit", "old", "--name", "new", "--untag", "db", "--tag", "web", "--tag", "prod")
    assert (made["name"], made["tags"]) == ("new", ["prod", "web"])
    assert chatops(hub, home, "edit", "new", "--untag", "prod", "--untag", "web").stdout == "new: no tags\n"
    # None of them where one is unknown.
    unknown = chatops(hub, home, "remove", "new", "old")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no server is called 'old'" in unknown.stderr
    assert answer(hub, home, "remove", "new")["servers"] == [made["id"]]
    assert "new" not in [server["name"] for server in answer(hub, home, "servers")]


@pytest.mark.parametrize(
    "words",
    [
        ("api-keys", "new", "db-01", "--expires", "soon"),
        ("api-keys", "new", "db-01", "--expires", "1s"),
        ("enroll", "new", "--expires", "99d"),
        ("enroll", "new", "--uses", "0"),
        ("users", "add", "a b", "--role", "viewer", "--password-stdin"),
        ("users", "add", "ann", "--role", "king", "--password-stdin"),
        ("sessions", "end"),
        ("grants",),
        ("edit", "db-01"),
        ("edit", "db-01", "--name", " db"),
        ("edit", "db-01", "--tag", "a b"),
        ("remove",),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(hub: Hub, home: Path, words: tuple[str, ...]) -> None:
    done = chatops(hub, home, *words, typed="long enough\n")
    assert done.returncode == 2, done


def test_how_long_things_are_kept_is_shown_and_set(hub: Hub, home: Path) -> None:
    assert answer(hub, home, "retention")["set"] == []
    assert answer(hub, home, "retention", "--raw-days", "14", "--output-mb", "64")["raw_days"] == 14
    shown = chatops(hub, home, "retention").stdout
    assert "14 days" in shown
    assert "64 MB" in shown
    assert answer(hub, home, "retention", "--raw-days", "flag", "--output-mb", "flag")["set"] == []


def test_what_is_no_length_is_told(hub: Hub, home: Path) -> None:
    wrong = chatops(hub, home, "retention", "--raw-days", "0")
    assert wrong.returncode == 2
    assert "Samples: '0' is no whole number from 1 to 3650" in wrong.stderr
