"""The hub's program: started, asked over HTTP, and its other commands."""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.deadlines import DEADLINE_S, eventually_sync

HUB = (sys.executable, "-m", "chatops_server")
LISTENING = "chatops-server listening on "
# More than the 5 s the contract gives, as everything here shares two cores.
END_S = 2 * DEADLINE_S


@dataclass
class Hub:
    """A hub that runs; what it has printed so far."""

    process: subprocess.Popen[str]
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return next(line.removeprefix(LISTENING) for line in self.out if line.startswith(LISTENING))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(END_S)

    def ask(
        self,
        path: str,
        body: object = None,
        token: str = "",
        context: ssl.SSLContext | None = None,
        method: str | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Return the decoded answer; errors come as urllib.error.HTTPError."""
        raw = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"{self.url}{path}", raw, headers, method=method)  # noqa: S310 - our own hub
        with urllib.request.urlopen(request, timeout=END_S, context=context) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def login(self, password: str, username: str = "admin") -> str:
        tokens = self.ask("/api/v1/auth/login", {"username": username, "password": password})
        return str(tokens["access_token"])


def _environ(extra: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **extra}


@contextmanager
def running(*flags: str, **environ: str) -> Iterator[Hub]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*HUB, "run", "--port", "0", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environ(environ),
    )
    hub = Hub(process)
    readers = [
        threading.Thread(target=_collect, args=(process.stdout, hub.out)),
        threading.Thread(target=_collect, args=(process.stderr, hub.err)),
    ]
    for reader in readers:
        reader.start()
    try:
        eventually_sync(
            lambda: process.poll() is not None or any(line.startswith(LISTENING) for line in hub.out),
            deadline_s=END_S,
            what="the hub listens",
        )
        yield hub
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for reader in readers:
            reader.join()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def _collect(pipe: Any, lines: list[str]) -> None:  # noqa: ANN401 - a text pipe
    # Line by line as they come: the test looks at the list meanwhile.
    lines.extend(line.rstrip("\n") for line in pipe)


def command(*arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [*HUB, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env=_environ(environ),
        timeout=END_S,
        check=False,
    )
