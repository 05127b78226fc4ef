"""A hub with a certificate it made itself: whoever names its pin believes it, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

from chatops_wire.pins import parse_pin
from tests.deadlines import eventually_sync
from tests.e2e.demo_process import START_WITHIN_S, own_environ
from tests.e2e.hub_program import HUB, running

PASSWORD = "secret word"  # noqa: S105 - of a hub that lives as long as a test
OTHER_PIN = f"sha256:{'0' * 64}"


def program(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own arguments
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=START_WITHIN_S
    )


def chatops(home: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "chatops_tui.cli", *arguments],
        env=own_environ(home) | {"CHATOPS_USERNAME": "admin", "CHATOPS_PASSWORD": PASSWORD} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_WITHIN_S,
    )


def test_who_names_the_pin_believes_the_hub_and_no_other(tmp_path: Path) -> None:
    data, home = ("--data-dir", str(tmp_path / "data")), tmp_path / "home"
    made = program(*HUB, "tls", "init", "--name", "hub.lan", *data)
    assert made.returncode == 0, made.stderr
    pin = made.stdout.strip()
    assert len(parse_pin(pin)) == 32
    assert (tmp_path / "data/tls/key.pem").stat().st_mode & 0o777 == 0o600
    assert program(*HUB, "tls", "show", *data).stdout.strip() == pin

    with running(*data, CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        assert hub.url.startswith("https://")
        pinned = {"CHATOPS_URL": hub.url, "CHATOPS_TLS_PIN": pin}
        assert "not trusted" in chatops(home, "servers", "--url", hub.url).stderr
        other = chatops(home, "servers", **(pinned | {"CHATOPS_TLS_PIN": OTHER_PIN}))
        assert other.returncode == 3
        assert "not the one of the pin" in other.stderr
        added = chatops(home, "add", "here", "--json", **pinned)
        assert added.returncode == 0, added.stderr
        told = json.loads(added.stdout)
        assert told["run"].endswith(f" --tls-pin {pin}")

        words = (sys.executable, "-m", "chatops_agent", "run", "--url", hub.url, "--allow", "commands")
        folder = ("--data-dir", str(tmp_path / "agent"))
        agent = subprocess.Popen(  # noqa: S603 - our own arguments
            [*words, *folder, "--tls-pin", pin],
            env={**os.environ, "CHATOPS_API_KEY": told["key"]},
            stderr=subprocess.DEVNULL,
        )
        try:
            arguments = ("exec", "here", "--", "echo hello")
            eventually_sync(
                lambda: chatops(home, *arguments, **pinned).stdout == "hello\n", deadline_s=START_WITHIN_S
            )
        finally:
            agent.terminate()
            agent.wait()


def test_the_certificate_stays_until_it_is_renewed_on_purpose(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path))
    first = program(*HUB, "tls", "init", *data).stdout.strip()
    again = program(*HUB, "tls", "init", *data)
    assert (again.returncode, again.stdout) == (2, "")
    assert first in again.stderr
    renewed = program(*HUB, "tls", "init", "--renew", *data).stdout.strip()
    assert renewed not in {"", first}
    wrong = program(*HUB, "tls", "init", "--renew", "--name", "no host\nname", *data)
    assert (wrong.returncode, wrong.stderr.startswith("chatops-server: --name: ")) == (2, True)


def test_without_tls_other_machines_are_served_only_on_purpose(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path))
    refused = program(*HUB, "run", "--host", "0.0.0.0", "--port", "0", *data)  # noqa: S104 - it is refused
    assert (refused.returncode, refused.stdout) == (2, "")
    [line] = refused.stderr.splitlines()
    assert line.startswith("chatops-server: --host: ")
    assert "--plain-http" in line
    assert not (tmp_path / "hub.db").exists()
