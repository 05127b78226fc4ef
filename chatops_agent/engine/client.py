"""The only module that knows the `docker` SDK; importing it costs 20 MB, so only where an engine is.

All of this blocks: it is for threads. An APIClient belongs to one thread, as its maintainers ask for.
"""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import docker
import docker.auth
import docker.errors
import docker.transport
import requests
import urllib3

from chatops_agent.engine.addresses import socket_path
from chatops_agent.engine.errors import EngineError, refused, unavailable
from chatops_agent.engine.execs import Exec
from chatops_wire.containers import DockerCode
from chatops_wire.version import VERSION

# Anything answers this oldest one; what it really speaks is asked with it.
_OLDEST: Final = "1.24"
_CONNECT_WITHIN_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """What an engine says of itself."""

    version: str
    """Of another one than Docker with its name in front."""
    api_version: str


def knock(address: str) -> None:
    """See whether somebody listens; costs some 50 µs.

    The SDK wraps what is wrong three deep, and leaves the socket of a failed attempt to the garbage.

    Raises:
        EngineError: Nobody listens, or not for this user.
    """
    path = socket_path(address)
    if path is None:
        return
    try:
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.settimeout(_CONNECT_WITHIN_S)
            attempt.connect(path)
    except OSError as exc:
        raise unavailable(address, exc) from exc


def probe(address: str, within_s: float) -> EngineVersion:
    """Return who listens at this address.

    Raises:
        EngineError: Nobody, nobody who may be used, or nobody who answers.
    """
    knock(address)
    client = connect(address, _OLDEST, within_s)
    try:
        with told(address):
            facts = client.version(api_version=False)
    finally:
        client.close()
    if not isinstance(facts, dict) or not isinstance(facts.get("ApiVersion"), str):
        raise EngineError(DockerCode.DOCKER_UNAVAILABLE, f"what listens on {address} is no Docker")
    components = facts.get("Components")
    named = [str(each.get("Name")) for each in components or () if isinstance(each, dict)]
    is_podman = any(name.startswith("Podman") for name in named)
    version = str(facts.get("Version") or "")
    return EngineVersion(f"podman {version}" if is_podman else version, facts["ApiVersion"])


def connect(address: str, api_version: str, within_s: float) -> Any:  # noqa: ANN401 - the SDK has no types
    """Return an APIClient; nothing is sent yet.

    Raises:
        EngineError: The SDK does not take this address or version.
    """
    with told(address):
        client = docker.APIClient(
            base_url=address,
            version=api_version,
            timeout=within_s,
            user_agent=f"chatops-agent/{VERSION}",
            max_pool_size=1,
        )
    path = socket_path(address)
    if path is not None:
        client.mount("http+docker://", _OneConnection(path, within_s, max_pool_size=1))
    return client


class _OneConnection(docker.transport.UnixHTTPAdapter):  # type: ignore[misc]  # no types
    """Whatever is asked goes over one connection; the SDK keeps one for each path, 25 in all."""

    def get_connection(self, url: str, proxies: object = None) -> Any:  # noqa: ANN401 - likewise
        del url, proxies
        return super().get_connection("http+docker://localhost")


def begin_exec(client: Any, container_id: str, words: Sequence[str], environment: Mapping[str, str]) -> Exec:  # noqa: ANN401
    """Start a program with a TTY in a container, and return our end of what it reads and writes."""
    created = client.exec_create(
        container_id, list(words), stdin=True, tty=True, environment=dict(environment)
    )
    exec_id = str(created["Id"])
    # As exec_start does it, but for the bytes that come with the head of the answer: the SDK loses them.
    response = client._post_json(  # noqa: SLF001 - the SDK has no public way to its socket
        client._url("/exec/{0}/start", exec_id),  # noqa: SLF001 - likewise
        headers={"Connection": "Upgrade", "Upgrade": "tcp"},
        data={"Tty": True, "Detach": False},
        stream=True,
    )
    try:
        client._raise_for_status(response)  # noqa: SLF001 - likewise
        file = response.raw._fp.fp  # noqa: SLF001 - likewise
        line: socket.socket = file.raw._sock  # noqa: SLF001 - likewise
        line.settimeout(0)
        early = bytes(file.peek() or b"")
        return Exec(exec_id, os.dup(line.fileno()), os.dup(line.fileno()), early)
    finally:
        response.close()


@contextmanager
def told(address: str) -> Iterator[None]:
    """Turn whatever the SDK raises in here into EngineError."""
    try:
        yield
    except docker.errors.APIError as exc:
        status = exc.response.status_code if exc.response is not None else 0
        raise refused(status, str(exc.explanation or exc)) from exc
    except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as exc:
        raise EngineError(DockerCode.TIMEOUT, f"the engine at {address} does not answer in time") from exc
    except docker.errors.DockerException as exc:
        raise EngineError(DockerCode.FAILED, str(exc)) from exc
    except (requests.RequestException, urllib3.exceptions.HTTPError) as exc:
        raise EngineError(DockerCode.DOCKER_UNAVAILABLE, f"the engine at {address} is gone") from exc
    except OSError as exc:
        raise unavailable(address, exc) from exc


def inspect_each(client: Any, ids: Sequence[str]) -> list[dict[str, Any] | None]:  # noqa: ANN401 - no types
    """Return the details of each container, None for one that is gone by now."""
    found: list[dict[str, Any] | None] = []
    for container_id in ids:
        try:
            found.append(client.inspect_container(container_id))
        except docker.errors.NotFound:
            found.append(None)
    return found


def pull_request(client: Any, image: str) -> "StreamRequest":  # noqa: ANN401 - no types
    """Return the request that pulls an image, with the login that this user has for its registry."""
    registry, _ = docker.auth.resolve_repository_name(image)
    header = docker.auth.get_config_header(client, registry)
    headers = {"X-Registry-Auth": header} if header else None
    return StreamRequest("/images/create", {"fromImage": image}, "POST", headers)


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """An answer of the engine that goes on and on."""

    path: str
    """Below the version: `/events`."""
    params: Mapping[str, Any]
    method: str = "GET"
    headers: Mapping[str, str] | None = None


class OpenStream:
    """The body of such an answer as raw bytes. `close` and `abort` are the only ways out of a silent one.

    It is read beside the SDK, which hands out one byte at a time of a TTY's log and costs 10 µs a line.
    """

    def __init__(self, address: str, client: Any, request: StreamRequest) -> None:  # noqa: ANN401 - no types
        """Send the request and wait for the head of the answer.

        Raises:
            EngineError: The engine says no, or nothing.
        """
        self._client = client
        with told(address):
            # The SDK has no public way to a path of one's own choice; test_engine_streams breaks if it moves.
            url = client._url(request.path)  # noqa: SLF001 - see above
            self._response = client.request(
                request.method, url, params=request.params, headers=request.headers, stream=True,
                timeout=client.timeout,
            )  # fmt: skip
            client._raise_for_status(self._response)  # noqa: SLF001 - likewise
        http = self._response.raw._fp  # noqa: SLF001 - likewise
        self.is_chunked = bool(http.chunked)
        """The bytes are in chunks of HTTP, to be taken apart by `Dechunker`."""
        # With a length the connection may stay open behind it: then nothing more would come, and no end.
        self._left: int | None = None if self.is_chunked else http.length
        self.content_type = str(self._response.headers.get("Content-Type", ""))
        self._file = http.fp
        self._socket: socket.socket = http.fp.raw._sock  # noqa: SLF001 - likewise
        # From now on silence is no fault.
        self._socket.settimeout(None)

    def read(self, most: int) -> bytes:
        """Return what comes next; empty at the end, or after `abort`."""
        most = most if self._left is None else min(most, self._left)
        try:
            data = bytes(self._file.read1(most)) if most else b""
        except (OSError, ValueError):
            # Gone, or closed: whoever follows finds out which by asking again.
            return b""
        if self._left is not None:
            self._left -= len(data)
        return data

    def abort(self) -> None:
        """Have `read` return; from any thread."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It has ended already.
            return

    def close(self) -> None:
        """Let go of the socket, in the thread that reads."""
        self._response.close()
        self._client.close()
