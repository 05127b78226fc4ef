"""Looks for secrets where none may be: in every log record and every REST answer of a test run.

Ours have a shape of their own (chatops_wire.keys, JSON web tokens), so that nobody has to record which were
made; passwords and signing secrets of tests are added by name. What shows a secret once, on purpose, is
listed.
"""

import logging
import re
from collections.abc import Iterator
from typing import Any, Final

import aiohttp

# API keys, enrolment and refresh tokens; seeds of second factors; access tokens (a head, a body and a
# signature in base64url); private keys in PEM. Shortened forms, as a key's public prefix, are no secrets.
_SHAPES: Final = re.compile(
    r"chop[a-z]{1,3}_[A-Za-z0-9]{6,}_[A-Za-z0-9_-]{20,}|chopr_[A-Za-z0-9_-]{20,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    r"|\b[A-Z2-7]{32}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
# Passwords and secrets of the tests' hubs, long enough to stand for nothing else.
_KNOWN: Final = (
    "correct horse battery",
    "a secret that only this test run knows",
)
# The answers that show a secret this once, by their last part; and the page that documents them.
_SHOWN_ONCE: Final = re.compile(
    r"/auth/(login|refresh|totp|totp/confirm)/?$|/api-keys(/[^/]+/rotate)?/?$|/enroll(-tokens)?/?$|/keys/rotate/?$"
)
# Fields of every record that the logging module sets itself.
_OWN: Final = frozenset(vars(logging.makeLogRecord({})))


class SecretWatch(logging.Handler):
    """Hears every record, reads every answer of aiohttp's client, and keeps where a secret stood."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.hits: list[str] = []
        self._read = aiohttp.ClientResponse.read

    def emit(self, record: logging.LogRecord) -> None:
        told = [
            record.getMessage(),
            *(str(value) for name, value in vars(record).items() if name not in _OWN),
        ]
        if record.exc_info and record.exc_info[1] is not None:
            told.append(str(record.exc_info[1]))
        # What a tool of the tests says itself is not ours to judge.
        if record.name.startswith(("chatops", "aiohttp.server", "aiohttp.access")):
            self.hits += [f"log of {record.name}: {found}" for text in told for found in secrets_in(text)]

    def install(self) -> None:
        """Begin to look."""
        logging.getLogger().addHandler(self)
        watch, read = self, self._read

        async def watched(response: aiohttp.ClientResponse) -> bytes:
            body = await read(response)
            watch.answered(response.url.path, body)
            return body

        aiohttp.ClientResponse.read = watched  # type: ignore[method-assign, assignment]

    def remove(self) -> None:
        """Look no more."""
        logging.getLogger().removeHandler(self)
        aiohttp.ClientResponse.read = self._read  # type: ignore[method-assign]

    def answered(self, path: str, body: bytes) -> None:
        """Look at one answer of a hub."""
        if path.startswith("/api/v1") and not _SHOWN_ONCE.search(path):
            text = body[:1_000_000].decode(errors="replace")
            self.hits += [f"answer of {path}: {found}" for found in secrets_in(text)]

    def taken(self) -> list[str]:
        """Return what was found since the last time."""
        hits, self.hits = self.hits, []
        return hits


def secrets_in(text: str, known: tuple[str, ...] = _KNOWN) -> Iterator[str]:
    """Yield the secrets in a text, each cut short: a report must not tell them either."""
    for match in _SHAPES.finditer(text):
        yield f"{match.group()[:12]}… in {text[max(0, match.start() - 40) : match.start()]!r}"
    for word in known:
        if word in text:
            yield f"{word[:6]}… in {text[:60]!r}"


def describe(hits: list[str]) -> str:
    """Return one line for each place."""
    lines: list[Any] = sorted(set(hits))
    return "secrets were told:\n" + "\n".join(lines)
