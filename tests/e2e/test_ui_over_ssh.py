"""`ssh -p 2222 alice@hub` with OpenSSH's own client: the UI, and nothing but the UI."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.deadlines import DEADLINE_S, eventually_sync
from tests.e2e.hub_program import Hub, running
from tests.e2e.test_demo_in_terminal import Terminal

pytestmark = pytest.mark.skipif(
    shutil.which("ssh") is None or shutil.which("ssh-keygen") is None, reason="OpenSSH's client is missing"
)
PASSWORD = "correct horse battery"  # noqa: S105 - of a hub that lives as long as a test


@dataclass
class Door:
    """A hub that speaks ssh, and a key with which alice comes in."""

    hub: Hub
    port: int
    folder: Path

    def words(self, *more: str, user: str = "alice", key: str = "alice") -> list[str]:
        return [
            *("ssh", "-F", "none", "-p", str(self.port), "-i", str(self.folder / key)),
            *("-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes"),
            *("-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}", "-o", "LogLevel=ERROR"),
            *(f"{user}@127.0.0.1", *more),
        ]

    def windows(self) -> list[psutil.Process]:
        """Return the processes with the UI."""
        children: list[psutil.Process] = psutil.Process(self.hub.process.pid).children()
        return [child for child in children if "chatops_tui.hosted" in " ".join(words_of(child))]

    @contextmanager
    def visit(self) -> Iterator[Terminal]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            self.words("-tt"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "HOME": str(self.folder)},
        )
        os.close(theirs)
        try:
            yield Terminal(ours, process)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            os.close(ours)


def words_of(process: psutil.Process) -> list[str]:
    """Return how a process was called; nothing for one that has ended meanwhile."""
    try:
        words: list[str] = process.cmdline()
    except psutil.NoSuchProcess:  # also: a zombie
        return []
    return words


def make_key(path: Path) -> str:
    subprocess.run(  # noqa: S603 - our own arguments
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "alice@laptop", "-f", str(path)],  # noqa: S607
        check=True,
    )
    return path.with_suffix(".pub").read_text()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    flags = ("--data-dir", str(tmp_path / "hub"), "--ssh-port", "0")
    with running(*flags, CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        port = eventually_sync(
            lambda: next(
                (
                    int(found[1])
                    for line in hub.err
                    if (found := re.search(r"listening for ssh.*port=(\d+)", line))
                ),
                0,
            ),
            what="the port of ssh",
        )
        admin = hub.login(PASSWORD)
        hub.ask("/api/v1/users", {"username": "alice", "password": PASSWORD, "role": "operator"}, admin)
        token = hub.login(PASSWORD, "alice")
        hub.ask(
            "/api/v1/auth/ssh-keys", {"public_key": make_key(tmp_path / "alice"), "password": PASSWORD}, token
        )
        make_key(tmp_path / "mallory")
        yield Door(hub, port, tmp_path)


def test_alice_sees_the_ui_uses_it_and_leaves(door: Door) -> None:
    with door.visit() as terminal:
        terminal.until("● live")
        terminal.until("Fleet")
        [window] = door.windows()
        words, environ = " ".join(window.cmdline()), str(window.environ())
        assert "--username=alice" in words
        for secret in (PASSWORD, "access_token", "eyJ"):
            assert secret not in words
            assert secret not in environ
        assert (door.folder / "hub" / "ui").stat().st_mode & 0o777 == 0o700
        terminal.type("?")
        terminal.until("Keys: Fleet")
        # Not in one piece with what follows: that would be alt+q.
        terminal.type("\x1b")
        # The footer of a fleet without servers, which the help had covered.
        terminal.until("/ Filter  s Sort")
        terminal.type("q")
        eventually_sync(lambda: terminal.text() is not None and not door.windows(), deadline_s=3 * DEADLINE_S)
    token = door.hub.login(PASSWORD, "alice")
    sessions = door.hub.ask("/api/v1/auth/sessions", token=token)["items"]
    assert all(session["program"] != "ssh" for session in sessions)
    [key] = door.hub.ask("/api/v1/auth/ssh-keys", token=token)["items"]
    assert key["last_used_at"] is not None
    events = door.hub.ask("/api/v1/events?kind=login", token=door.hub.login(PASSWORD))["items"]
    assert any("alice logged in by ssh key" in event["message"] for event in events)


def test_a_connection_that_breaks_ends_the_ui(door: Door) -> None:
    with door.visit() as terminal:
        terminal.until("● live")
        assert len(door.windows()) == 1
    eventually_sync(lambda: not door.windows(), deadline_s=3 * DEADLINE_S)


@pytest.mark.parametrize(
    ("user", "key"), [("alice", "mallory"), ("admin", "alice"), ("nobody", "alice"), ("alice", "nothing")]
)
def test_nobody_else_comes_in(door: Door, user: str, key: str) -> None:
    ran = subprocess.run(  # noqa: S603 - our own arguments
        door.words("-tt", user=user, key=key), capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 255
    assert "Permission denied (publickey)" in ran.stderr
    assert door.windows() == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("id",), "There is only the UI here"),
        (("-s", "sftp"), "subsystem request failed"),
        ((), "The UI needs a terminal"),
    ],
)
def test_there_is_no_shell_and_no_file(door: Door, more: tuple[str, ...], told: str) -> None:
    flags = ("-T", *(("-s",) if "-s" in more else ()))
    words = door.words(*(word for word in more if word != "-s"))
    words[1:1] = flags
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - likewise
    assert ran.returncode != 0
    assert told in ran.stderr + ran.stdout
    assert door.windows() == []


def test_nothing_is_forwarded(door: Door) -> None:
    words = door.words("-tt")
    words[1:1] = ["-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1", "-N"]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - likewise
    assert ran.returncode == 255


def test_the_hub_ends_with_its_visitors(door: Door) -> None:
    with door.visit() as terminal:
        terminal.until("● live")
        [window] = door.windows()
        assert door.hub.stop() == 0
        eventually_sync(lambda: not window.is_running() or window.status() == psutil.STATUS_ZOMBIE)


def test_the_host_key_stays(door: Door, tmp_path: Path) -> None:
    path = tmp_path / "hub" / "ssh_host_key"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    door.hub.stop()
    flags = ("--data-dir", str(tmp_path / "hub"), "--ssh-port", "0")
    with running(*flags) as hub:
        eventually_sync(lambda: any("listening for ssh" in line for line in hub.err))
        assert path.read_bytes() == before


def test_keys_are_kept_from_the_command_line(door: Door, tmp_path: Path) -> None:
    def chatops(*words: str) -> subprocess.CompletedProcess[str]:
        who = {"CHATOPS_URL": door.hub.url, "CHATOPS_USERNAME": "alice", "CHATOPS_PASSWORD": PASSWORD}
        return subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "chatops_tui.cli", "ssh-keys", *words],
            env=os.environ | who | {"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    make_key(tmp_path / "laptop")
    refused = chatops("add", str(tmp_path / "laptop"))
    assert (refused.returncode, "private key" in refused.stderr) == (2, True)
    added = json.loads(chatops("add", str(tmp_path / "laptop.pub"), "--name", "laptop", "--json").stdout)
    listed = chatops("list").stdout
    assert added["fingerprint"] in listed
    assert "laptop" in listed
    assert chatops("remove", added["id"]).returncode == 0
    assert added["fingerprint"] not in chatops().stdout
    assert chatops("add", str(tmp_path / "nothing.pub")).returncode == 2
