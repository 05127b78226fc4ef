"""Starts the programs that are measured, and asks a hub for what a benchmark needs of it."""

import contextlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

# A hub of thousands writes down who was there.
_STOP_WITHIN_S: Final = 60.0
_ANSWER_WITHIN_S: Final = 30.0


@contextlib.contextmanager
def listening(module: Sequence[str], environ: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Run `python -m ...` up to its first `... listening on URL` line; yield the URL and its process id."""
    with running(module, environ) as process:
        for line in process.stdout or ():
            if " listening on " in line:
                yield line.split()[-1], process.pid
                return
        raise RuntimeError(f"it ended before it listened, exit status {process.wait()}")


@contextlib.contextmanager
def running(module: Sequence[str], environ: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """Run `python -m ...` and end it at the end."""
    command = [sys.executable, "-m", *module]
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        command, stdout=subprocess.PIPE, env={**os.environ, **environ}, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_STOP_WITHIN_S)


def post(url: str, path: str, body: Mapping[str, Any], token: str = "") -> dict[str, Any]:
    """Return what the hub answers; HTTPError when it refuses."""
    request = urllib.request.Request(  # noqa: S310 - a hub we started on this machine
        f"{url}/api/v1{path}",
        data=msgspec.json.encode(body),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as response:  # noqa: S310 - likewise
        return msgspec.json.decode(response.read(), type=dict[str, Any])


def get(url: str, path: str, token: str) -> bytes:
    """Return what the hub answers; HTTPError when it refuses."""
    request = urllib.request.Request(  # noqa: S310 - likewise
        f"{url}/api/v1{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as response:  # noqa: S310 - likewise
        return bytes(response.read())


def new_server(url: str, token: str, name: str) -> tuple[str, str]:
    """Add a server; return its id and a key for its agent."""
    server_id = str(post(url, "/servers", {"name": name}, token)["id"])
    return server_id, str(post(url, "/api-keys", {"server_id": server_id}, token)["key"])
