"""Puts a hub's parts together: REST, session and feed over one set of connections."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import msgspec

from chatops_tui.client.feed import Feed
from chatops_tui.client.http import Rest
from chatops_tui.client.session import Session, SessionStore
from chatops_tui.client.signatures import Sign, Signatures
from chatops_tui.client.terminals import Terminals
from chatops_tui.client.wire import USUAL, Limits, Wire, staying
from chatops_wire.pins import parse_pin
from chatops_wire.version import VERSION


class Hub(msgspec.Struct, frozen=True):
    """One hub, for one user at a time."""

    session: Session
    rest: Rest
    feed: Feed
    terminals: Terminals


class Tls(msgspec.Struct, frozen=True):
    """Which certificates are believed: one, by its pin; else those of a PEM file; else the system's."""

    ca: str = ""
    pin: str = ""
    """As `chatops_wire.pins.parse_pin` reads it."""


SYSTEM: Final = Tls()


@asynccontextmanager
async def open_hub(
    url: str, store: SessionStore, limits: Limits = USUAL, sign: Sign | None = None, tls: Tls = SYSTEM
) -> AsyncIterator[Hub]:
    """Yield the hub at this address; nothing is sent yet, and everything is closed afterwards.

    Sign in first: `session.resume()`, `session.login()` or `session.adopt()`. Cancelling is safe: a token
    renewal that has begun is still finished and kept.

    Args:
        url: As `config.parse_url` returns it.
        store: Where the session is kept: `SessionFile(config_dir())`, or `SessionMemory()` for this run only.
        limits: How patient to be.
        sign: Signs what is asked of machines; None: nothing is signed.
        tls: Which certificates are believed.
    """
    # Every wait has its own deadline (Limits); aiohttp's would end a long feed.
    timeout = aiohttp.ClientTimeout(total=None)
    headers = {"User-Agent": f"chatops/{VERSION}"}
    connector = aiohttp.TCPConnector(ssl=_believed(tls))
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, headers=headers, trace_configs=[staying()]
    ) as http:
        wire = Wire(url, http, limits)
        session = Session(wire, store)
        try:
            feed, signatures = Feed(wire, session), Signatures(sign)
            yield Hub(session, Rest(wire, session, signatures), feed, Terminals(feed, signatures))
        finally:
            await session.close()


def _believed(tls: Tls) -> "ssl.SSLContext | aiohttp.Fingerprint | bool":
    if tls.pin:
        return aiohttp.Fingerprint(parse_pin(tls.pin))
    return ssl.create_default_context(cafile=tls.ca) if tls.ca else True
