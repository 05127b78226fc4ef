"""Puts a hub's parts together: REST, session and feed over one set of connections."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from chatops_tui.client.feed import Feed
from chatops_tui.client.http import Rest
from chatops_tui.client.session import Session, SessionStore
from chatops_tui.client.signatures import Sign, Signatures
from chatops_tui.client.terminals import Terminals
from chatops_tui.client.wire import USUAL, Limits, Wire, staying
from chatops_wire.version import VERSION


@dataclass(frozen=True, slots=True)
class Hub:
    """One hub, for one user at a time."""

    session: Session
    rest: Rest
    feed: Feed
    terminals: Terminals


@asynccontextmanager
async def open_hub(
    url: str, store: SessionStore, limits: Limits = USUAL, sign: Sign | None = None, tls_ca: str = ""
) -> AsyncIterator[Hub]:
    """Yield the hub at this address; nothing is sent yet, and everything is closed afterwards.

    Sign in first: `session.resume()`, `session.login()` or `session.adopt()`. Cancelling is safe: a token
    renewal that has begun is still finished and kept.

    Args:
        url: As `config.parse_url` returns it.
        store: Where the session is kept: `SessionFile(config_dir())`, or `SessionMemory()` for this run only.
        limits: How patient to be.
        sign: Signs what is asked of machines; None: nothing is signed.
        tls_ca: The only certificates that are believed, a PEM file; empty: the system's.
    """
    # Every wait has its own deadline (Limits); aiohttp's would end a long feed.
    timeout = aiohttp.ClientTimeout(total=None)
    headers = {"User-Agent": f"chatops/{VERSION}"}
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=tls_ca) if tls_ca else True)
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
