"""An attacker who knows the contract and nothing else: raw bytes at a hub that runs as a process."""

import base64
import hashlib
import hmac
import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from tests.deadlines import DEADLINE_S

_TEXT: Final = 0x1
_CLOSE: Final = 0x8
_MOST: Final = 4 * 1024 * 1024


@dataclass(frozen=True)
class Answered:
    status: int
    headers: str
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body or b"null")


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(claims: dict[str, Any], header: dict[str, Any], key: bytes = b"guess") -> str:
    """Return a token signed with a key of one's own, or with none."""
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


def claims_of(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))))


class Raw:
    """One TCP connection to the hub."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        assert place.hostname is not None
        assert place.port is not None
        self.host = f"{place.hostname}:{place.port}"
        self.socket = socket.create_connection((place.hostname, place.port), timeout=DEADLINE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, method: str, target: str, token: str = "", body: bytes = b"", **headers: str) -> Answered:
        """Send exactly this target, not one that a client has put right."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", "Connection: close"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        self.send("\r\n".join(lines).encode("latin-1", "replace") + body)
        return self.answer()

    def send(self, raw: bytes) -> None:
        # It may have hung up on us, and what it said is still to be read.
        with suppress(OSError):
            self.socket.sendall(raw)

    def answer(self) -> Answered:
        raw = self._all()
        head, _, body = raw.partition(b"\r\n\r\n")
        if not head:
            return Answered(0, "", b"")
        return Answered(int(head.split(b" ")[1]), head.decode("latin-1"), body)

    def upgraded(self, path: str, **headers: str) -> bool:
        """Begin a WebSocket; whether the hub agreed."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head and (piece := self.socket.recv(1)):
            head += piece
        return b" 101 " in head.split(b"\r\n")[0] + b" "

    def frame(self, payload: bytes, opcode: int = _TEXT, *, first: int = 0x80) -> None:
        """Send one masked frame."""
        size = len(payload)
        length = (
            bytes([0x80 | size])
            if size < 126
            else b"\xfe" + size.to_bytes(2, "big")
            if size < 65536
            else b"\xff" + size.to_bytes(8, "big")
        )
        self.send(bytes([first | opcode]) + length + bytes(4) + payload)

    def closed_with(self) -> int | None:
        """Read to the end; the code of the close frame, None without one."""
        raw = self.answer_frames()
        return next((code for opcode, code in raw if opcode == _CLOSE), None)

    def answer_frames(self) -> list[tuple[int, int | None]]:
        raw = self._all()
        found: list[tuple[int, int | None]] = []
        at = 0
        while at + 2 <= len(raw):
            opcode, size = raw[at] & 0xF, raw[at + 1] & 0x7F
            at += 2
            if size == 126:
                size, at = int.from_bytes(raw[at : at + 2], "big"), at + 2
            elif size == 127:
                size, at = int.from_bytes(raw[at : at + 8], "big"), at + 8
            payload, at = raw[at : at + size], at + size
            found.append((opcode, int.from_bytes(payload[:2], "big") if opcode == _CLOSE else None))
            if opcode == _CLOSE:
                break
        return found

    def _all(self) -> bytes:
        """Read until the other side hangs up, or is silent for as long as the socket waits."""
        raw, end = b"", time.monotonic() + DEADLINE_S
        while len(raw) < _MOST and time.monotonic() < end:
            try:
                piece = self.socket.recv(65536)
            except OSError:
                break
            if not piece:
                break
            raw += piece
        return raw
