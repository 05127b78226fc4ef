"""`chatops-agent enroll`: shows a token to the hub once, and keeps the key it gets for it."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final

import aiohttp
import msgspec

from chatops_agent.connection import Trusted, trust
from chatops_agent.enrolled import KnownHub, keep_hub
from chatops_agent.key_store import NAME, Kept, prefix_of
from chatops_agent.private_file import write_private
from chatops_wire.keys import parse
from chatops_wire.pins import parse_pin
from chatops_wire.version import VERSION

log = logging.getLogger(__name__)

_PATH: Final = "/api/v1/enroll"
_MACHINE: Final = "machine"
_MACHINE_ID: Final = Path("/etc/machine-id")
_WITHIN_S: Final = 15.0
_MOST_ANSWER: Final = 65_536
_MAX_TOLD: Final = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What to enrol with."""

    url: str
    """http(s)://HOST:PORT of the hub."""
    # Not in the representation, so that no log or traceback ever shows it.
    token: str = field(repr=False)
    data_dir: Path
    name: str = ""
    """What the server is to be called; empty: as this machine calls itself."""
    tls_pin: str = ""
    tls_ca: str = ""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What came of it."""

    server_id: str
    name: str
    key_prefix: str


class EnrolmentError(Exception):
    """This machine is no server; the text is one line that says why."""


class _Answer(msgspec.Struct, frozen=True):
    server_id: str
    name: str
    api_key: str


class _Problem(msgspec.Struct, frozen=True):
    detail: str


def enroll(plan: Plan) -> Enrolled:
    """Make this machine a server of the hub; its key and the hub's address are on disk when this returns.

    Called again (the answer was lost, the disk was full) it is the same server and takes no use of the token.

    Raises:
        EnrolmentError: The hub is not reached or said no, or nothing can be kept here.
        SettingError: The file of certificates holds none.
    """
    trusted = trust(plan.tls_ca, parse_pin(plan.tls_pin) if plan.tls_pin else None)
    with _kept_here():
        machine = _machine(plan.data_dir)
        # Before a use of the token is spent: can anything be written here at all?
        keep_hub(plan.data_dir, KnownHub(url=(plan.url,), tls_pin=plan.tls_pin, tls_ca=plan.tls_ca))
    answer = asyncio.run(_ask(plan, trusted, machine))
    with _kept_here():
        kept = Kept(configured="", key=answer.api_key)
        write_private(plan.data_dir / NAME, msgspec.json.encode(kept))
    return Enrolled(_shown(answer.server_id), _shown(answer.name), prefix_of(answer.api_key))


@contextlib.contextmanager
def _kept_here() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise EnrolmentError(f"--data-dir: nothing can be kept there: {exc.strerror or exc}") from exc


def _machine(data_dir: Path) -> str:
    """Return what only this installation knows: random bits that are kept, and the machine they were made on.

    A copy of the data directory on another machine is another one, and so is another agent on this machine.
    """
    path = data_dir / _MACHINE
    if not path.exists():
        write_private(path, token_bytes(32).hex().encode())
    own = path.read_bytes().strip()
    if len(own) != 64:  # noqa: PLR2004 - 32 bytes in hexadecimal
        raise EnrolmentError(f"--data-dir: {str(path)!r} is damaged: delete it, and this is another machine")
    with contextlib.suppress(OSError):
        own += _MACHINE_ID.read_bytes().strip()
    return sha256(b"chatops machine:" + own).hexdigest()


async def _ask(plan: Plan, trusted: Trusted, machine: str) -> _Answer:
    body: dict[str, Any] = {"token": plan.token, "machine": machine, "hostname": socket.gethostname()[:253]}
    if plan.name:
        body["name"] = plan.name
    try:
        async with (
            asyncio.timeout(_WITHIN_S),
            aiohttp.ClientSession(headers={"User-Agent": f"chatops-agent/{VERSION}"}) as http,
            # The token goes to the address it was given for, or nowhere.
            http.post(plan.url + _PATH, json=body, ssl=trusted or True, allow_redirects=False) as answer,
        ):
            raw = await answer.content.read(_MOST_ANSWER)
            status = answer.status
    except TimeoutError as exc:
        raise EnrolmentError(f"{plan.url} does not answer in time") from exc
    except aiohttp.ServerFingerprintMismatch as exc:
        raise EnrolmentError(
            f"{plan.url} shows another certificate than the pin says; somebody may be listening in"
        ) from exc
    except (OSError, aiohttp.ClientError) as exc:
        raise EnrolmentError(f"{plan.url}: {str(exc)[:_MAX_TOLD] or type(exc).__name__}") from exc
    return _read(status, raw)


def _read(status: int, raw: bytes) -> _Answer:
    try:
        if status != 201:  # noqa: PLR2004 - made
            detail = msgspec.json.decode(raw, type=_Problem).detail
            raise EnrolmentError(f"the hub says: {_shown(detail)}")
        answer = msgspec.json.decode(raw, type=_Answer)
    except (msgspec.DecodeError, UnicodeError) as exc:
        raise EnrolmentError(f"what answers is no ChatOps hub (status {status})") from exc
    if parse(answer.api_key) is None:
        raise EnrolmentError("the hub's answer holds no API key")
    return answer


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_MAX_TOLD])
