"""A machine that enrols by one line, runs without flags, and gets its next key without a visit."""

import json
import os
import signal
import ssl
import stat
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.deadlines import eventually_sync
from tests.e2e.demo_process import START_WITHIN_S, own_environ
from tests.e2e.hub_program import HUB, Hub, running

PASSWORD = "secret word"  # noqa: S105 - of a hub that lives as long as a test
AGENT = (sys.executable, "-m", "chatops_agent")


def enroll(folder: Path, hub: Hub, line: str, *more: str) -> "subprocess.CompletedProcess[str]":
    words = (*AGENT, "enroll", "--url", hub.url, "--token-stdin", "--data-dir", str(folder), *more)
    return subprocess.run(  # noqa: S603 - our own arguments
        words,
        env=own_environ(folder),
        input=f"{line}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=START_WITHIN_S,
    )


@contextmanager
def agent(folder: Path, *flags: str, **environ: str) -> Iterator["subprocess.Popen[bytes]"]:
    words = (*AGENT, "run", "--data-dir", str(folder), "--interval", "1", "--docker-host", "none", *flags)
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        words, env=own_environ(folder) | environ, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_WITHIN_S)


def in_use(hub: Hub, token: str) -> dict[str, Any]:
    """Return the key that an agent is connected with, empty where there is none."""
    items = hub.ask("/api/v1/api-keys", token=token)["items"]
    return next((item for item in items if item["in_use"]), {})


def is_asked_to_rotate(hub: Hub, token: str) -> bool:
    """Ask for the key that follows the one in use; False where that was followed in the very moment."""
    shown = in_use(hub, token)
    if not shown:
        return False
    try:
        hub.ask(f"/api/v1/api-keys/{shown['id']}/rotate", {}, token)
    except urllib.error.HTTPError as refused:
        if refused.code != HTTPStatus.CONFLICT:
            raise
        return False
    return True


def following(hub: Hub, token: str, before: str) -> dict[str, Any]:
    """Return the key in use once it is the one that follows `before`."""
    key = in_use(hub, token)
    return key if key.get("replaces") == before else {}


def kept(folder: Path) -> str:
    return str(json.loads((folder / "api_key.json").read_text())["key"])


def test_one_line_makes_a_server_whose_agent_runs_without_flags_and_changes_its_key(tmp_path: Path) -> None:
    folder = tmp_path / "agent"
    hub_flags = ("--data-dir", str(tmp_path / "hub"))
    with running(*hub_flags, CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        token = hub.login(PASSWORD)
        made = hub.ask("/api/v1/enroll-tokens", {"tags": ["rack3"]}, token)
        first, again = (enroll(folder, hub, made["line"], "--name", "db-1") for _ in range(2))
        assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
        assert kept(folder) not in first.stdout + again.stdout
        assert f"chatops-agent run --data-dir {folder}\n" in first.stdout
        [server] = hub.ask("/api/v1/servers", token=token)["items"]
        assert (server["name"], server["tags"]) == ("db-1", ["rack3"])
        assert stat.S_IMODE((folder / "api_key.json").stat().st_mode) == 0o600
        with agent(folder):
            before = eventually_sync(lambda: in_use(hub, token), deadline_s=START_WITHIN_S)
            hub.ask(f"/api/v1/api-keys/{before['id']}/rotate", {}, token)
            after = eventually_sync(lambda: following(hub, token, before["id"]), deadline_s=START_WITHIN_S)
            assert after["prefix"] in kept(folder)
        with agent(folder):
            eventually_sync(lambda: in_use(hub, token), deadline_s=START_WITHIN_S)


def test_an_agent_that_is_killed_while_its_key_changes_comes_back(tmp_path: Path) -> None:
    """Killed at once after each request, so before, while and after it keeps the next key."""
    folder, key_file = tmp_path / "agent", tmp_path / "key"
    hub_flags = ("--data-dir", str(tmp_path / "hub"))
    with running(*hub_flags, CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        token = hub.login(PASSWORD)
        server = hub.ask("/api/v1/servers", {"name": "web-1"}, token)["id"]
        key_file.write_text(hub.ask("/api/v1/api-keys", {"server_id": server}, token)["key"])
        for _ in range(4):
            with agent(folder, "--url", hub.url, "--api-key-file", str(key_file)) as process:
                eventually_sync(lambda: is_asked_to_rotate(hub, token), deadline_s=START_WITHIN_S)
                os.kill(process.pid, signal.SIGKILL)
            eventually_sync(lambda: not in_use(hub, token), deadline_s=START_WITHIN_S)
        with agent(folder, "--url", hub.url, "--api-key-file", str(key_file)):
            eventually_sync(lambda: in_use(hub, token), deadline_s=START_WITHIN_S)


def test_a_token_carries_the_pin_of_the_hubs_own_certificate(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path / "hub"))
    subprocess.run([*HUB, "tls", "init", *data], check=True, capture_output=True)  # noqa: S603 - our own
    context = ssl.create_default_context(cafile=str(tmp_path / "hub" / "tls" / "cert.pem"))
    with running(*data, CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        login = {"username": "admin", "password": PASSWORD}
        token = hub.ask("/api/v1/auth/login", login, context=context)["access_token"]
        line = hub.ask("/api/v1/enroll-tokens", {}, token, context=context)["line"]
        text, _, pin = line.partition(".")
        other = enroll(tmp_path / "other", hub, f"{text}.{'0' * 64}")
        assert (other.returncode, len(pin)) == (1, 64)
        assert "another certificate" in other.stderr
        done = enroll(tmp_path / "agent", hub, line)
        assert done.returncode == 0, done.stderr
        assert pin in (tmp_path / "agent" / "hub.json").read_text()


def test_a_mistyped_token_is_told_without_asking_the_hub_or_showing_it(tmp_path: Path) -> None:
    line = f"chope_{'a' * 10}_{'b' * 52}_00000000"
    done = subprocess.run(  # noqa: S603 - our own arguments
        [*AGENT, "enroll", "--url", "http://127.0.0.1:1", "--token-stdin", "--data-dir", str(tmp_path)],
        env=own_environ(tmp_path),
        input=line,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_WITHIN_S,
    )
    assert done.returncode == 2
    assert "mistyped" in done.stderr
    assert line not in done.stderr


@pytest.mark.parametrize("words", [("--token", "x"), ("chope_token",)])
def test_a_token_is_no_argument(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(  # noqa: S603 - our own arguments
        [*AGENT, "enroll", "--url", "http://127.0.0.1:1", *words],
        env=own_environ(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_WITHIN_S,
    )
    assert done.returncode == 2
