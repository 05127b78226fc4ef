"""A hub whose certificate nobody else knows: agent and command line believe it by `--tls-ca`."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.deadlines import eventually_sync
from tests.e2e.demo_process import START_WITHIN_S, own_environ
from tests.e2e.hub_program import running
from tests.e2e.own_certificate import own_certificate

PASSWORD = "secret word"  # noqa: S105 - of a hub that lives as long as a test


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


def test_agent_and_command_line_believe_the_certificate_they_are_given(tmp_path: Path) -> None:
    made, home = own_certificate(tmp_path), tmp_path / "home"
    data = ("--data-dir", str(tmp_path / "data"))
    with running(*made.flags, *data, CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        unknown = chatops(home, "servers", "--url", hub.url)
        assert unknown.returncode == 3
        assert "its TLS certificate is not trusted" in unknown.stderr
        trusting = {"CHATOPS_URL": hub.url, "CHATOPS_TLS_CA": str(made.cert)}
        added = chatops(home, "add", "here", "--json", **trusting)
        assert added.returncode == 0, added.stderr
        key = json.loads(added.stdout)["key"]
        agent = subprocess.Popen(  # noqa: S603 - our own arguments
            [
                *(sys.executable, "-m", "chatops_agent", "run", "--url", hub.url, "--tls-ca", str(made.cert)),
                *("--allow", "commands", "--data-dir", str(tmp_path / "agent")),
            ],
            env={**os.environ, "CHATOPS_API_KEY": key},
            stderr=subprocess.DEVNULL,
        )
        try:
            arguments = ("exec", "here", "--url", hub.url, "--tls-ca", str(made.cert), "--", "echo hello")

            def ran() -> bool:
                return chatops(home, *arguments).stdout == "hello\n"

            eventually_sync(ran, deadline_s=START_WITHIN_S)
        finally:
            agent.terminate()
            agent.wait()


def test_a_file_without_a_certificate_is_said_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "empty.pem"
    file.write_text("nothing\n")
    for path, why in ((file, "it holds no certificate"), (tmp_path / "none", "No such file")):
        done = chatops(tmp_path / "home", "servers", "--tls-ca", str(path))
        assert done.returncode == 2
        [line] = done.stderr.splitlines()
        assert line.startswith(f"chatops: tls_ca: {str(path)!r}: {why}")
