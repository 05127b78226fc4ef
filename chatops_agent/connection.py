"""Keeps a connection to the hub: the only module that opens a socket."""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn

import aiohttp

from chatops_agent.episodes import Episode
from chatops_agent.key_desk import KeyDesk, Keys, OneKey
from chatops_agent.key_store import prefix_of
from chatops_agent.lanes import Lane
from chatops_agent.outbox import Outbox
from chatops_agent.redial import Ending, Redial, ending_of
from chatops_agent.resolver import LaneResolver
from chatops_agent.session import CLOSE_TIMEOUT_S, Orders, Session, hang_up
from chatops_wire.agent import HEARTBEAT_S, MAX_FRAME_BYTES, AgentInfo, Auth
from chatops_wire.policy import MachinePolicy
from chatops_wire.settings import SettingError
from chatops_wire.version import PROTOCOL, VERSION

log = logging.getLogger(__name__)

# Name, TCP, TLS and the WebSocket handshake together.
_CONNECT_TIMEOUT_S: Final = 10.0


Trusted = ssl.SSLContext | aiohttp.Fingerprint | None
"""Whom to believe over wss; None: whom the system believes."""


class RedirectError(aiohttp.ClientError):
    """The hub's address leads elsewhere. The key goes to the address it was given for, or nowhere."""


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the hub is."""

    endpoints: tuple[str, ...]
    """WebSocket addresses, tried in turn."""
    trusted: Trusted = None


@dataclass(frozen=True, slots=True)
class Greeting:
    """Who this agent is, sent first on every connection."""

    api_key: str = field(repr=False)
    info: AgentInfo
    capabilities: tuple[str, ...]
    policy: MachinePolicy | None = None
    keys: Keys | None = None
    """Which key is shown; None: always `api_key`."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    ending: Ending
    lasted_s: float = 0.0
    detail: str = ""


class Connection:
    """Calls one address after another until the hub accepts, speaks, and calls again when it ends."""

    def __init__(
        self,
        hub: Hub,
        greeting: Greeting,
        outbox: Outbox,
        orders: Orders,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; `run` opens the first socket.

        Args:
            hub: Whom to call.
            greeting: Who this agent is.
            outbox: What to send.
            orders: Carries out what the hub orders.
            chance: Uniform random numbers in [0, 1), for the jitter.
        """
        self._hub = hub
        self._greeting = greeting
        self._outbox = outbox
        self._orders = orders
        self._wake = asyncio.Event()
        self._chance = chance
        self._keys = greeting.keys or OneKey(greeting.api_key)
        self._episode = Episode(log, "no connection to the hub", "connected to the hub again")

    def notify(self) -> None:
        """Tell that the outbox has something new."""
        self._wake.set()

    async def run(self) -> NoReturn:
        """Keep connected until cancelled; then the open connection is closed properly, within 2 s."""
        # A fleet that is started at once is not to call the same one of several hubs first.
        redial = Redial(self._hub.endpoints, int(self._chance() * len(self._hub.endpoints)))
        names = Lane("names")
        try:
            async with _http(LaneResolver(names)) as http:
                while True:
                    attempt = await self._attempt_once(http, redial.url)
                    if attempt.ending is Ending.REFUSED and self._keys.refused():
                        # A hub that was set back knows the key before; one that was cut off, the new one.
                        log.warning("the key was refused; another one of this machine is tried")
                        continue
                    called, redial = redial.url, redial.ended(attempt.ending, attempt.lasted_s)
                    delay_s = redial.delay_s(self._chance())
                    self._tell(attempt, called, delay_s)
                    await asyncio.sleep(delay_s)
        finally:
            names.close()

    async def _attempt_once(self, http: aiohttp.ClientSession, url: str) -> _Attempt:
        try:
            return await self._attempt(http, url)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled us: aiohttp lets one task's given-up wait for a slow peer end another's
            # (BaseProtocol._drain_helper). Without this the agent would go on without a connection.
            return _Attempt(Ending.LOST)
        except Exception:
            # An error of ours costs this connection, never the agent.
            log.exception("connection ended by an error of the agent")
            return _Attempt(Ending.LOST)

    async def _attempt(self, http: aiohttp.ClientSession, url: str) -> _Attempt:
        """Connect, speak until it ends, and say how it went."""
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                ws = await http.ws_connect(
                    url,
                    heartbeat=HEARTBEAT_S,
                    max_msg_size=MAX_FRAME_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                    ssl=self._hub.trusted or True,
                )
        except TimeoutError:
            return _Attempt(Ending.UNREACHABLE, detail="no answer in time")
        except (OSError, aiohttp.ClientError) as exc:
            return _Attempt(Ending.UNREACHABLE, detail=_reason(exc))
        try:
            return await self._speak(ws, url)
        finally:
            await hang_up(ws)

    async def _speak(self, ws: "aiohttp.ClientWebSocketResponse[bool]", url: str) -> _Attempt:
        keys = KeyDesk(self._keys, self._wake.set)
        session = Session(ws, self._outbox, self._wake, self._orders, keys)
        try:
            welcome = await session.greet(self._auth())
        except TimeoutError:
            return _Attempt(Ending.UNREACHABLE, detail="no answer to the key")
        except (OSError, aiohttp.ClientError) as exc:
            return _Attempt(Ending.UNREACHABLE, detail=_reason(exc))
        if welcome is None:
            return _Attempt(ending_of(ws.close_code, accepted=False), detail=_last_words(session, ws))
        if not self._outbox.claim(welcome.server_id):
            log.warning("the key is another server's; its samples begin anew", extra={"url": url})
            return _Attempt(Ending.LOST, detail="the epoch named was another server's")
        await self._orders.welcomed(welcome.server_id)
        started = asyncio.get_running_loop().time()
        self._episode.recover()
        await asyncio.to_thread(self._keys.accepted)
        told = {"key": prefix_of(self._keys.current), "key_from": self._keys.source}
        log.info("connected", extra={"url": url, "server_id": welcome.server_id[:64], **told})
        await session.converse(welcome)
        lasted_s = asyncio.get_running_loop().time() - started
        return _Attempt(ending_of(ws.close_code, accepted=True), lasted_s, _last_words(session, ws))

    def _auth(self) -> Auth:
        return Auth(
            api_key=self._keys.current,
            rotates_key=self._greeting.keys is not None,
            protocol=PROTOCOL,
            epoch=self._outbox.epoch,
            next_seq=self._outbox.next_seq,
            agent=self._greeting.info,
            capabilities=self._greeting.capabilities,
            policy=self._greeting.policy,
        )

    def _tell(self, attempt: _Attempt, url: str, delay_s: float) -> None:
        # A refused key or a double does not mend itself: a person must act.
        needs_person = attempt.ending in {Ending.REFUSED, Ending.REPLACED}
        # A hub that is restarted is lost and then unreachable: one episode.
        self._episode.fail(
            attempt.ending.value if needs_person else "away",
            logging.ERROR if needs_person else logging.WARNING,
            reason=attempt.ending.value,
            url=url,
            detail=attempt.detail,
            next_attempt_in_s=round(delay_s, 1),
        )


def trust(tls_ca: str, tls_pin: bytes | None) -> Trusted:
    """Return what believes one certificate only, by its SHA-256, or those in a PEM file; None for neither.

    Raises:
        SettingError: The file holds none.
    """
    if tls_pin is not None:
        return aiohttp.Fingerprint(tls_pin)
    if not tls_ca:
        return None
    try:
        return ssl.create_default_context(cafile=tls_ca)
    except OSError as exc:
        raise SettingError(f"--tls-ca: {tls_ca!r} holds no certificate") from exc


def _http(resolver: LaneResolver) -> aiohttp.ClientSession:
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(
        # A hub that moved is found at its new address with the next call.
        connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"chatops-agent/{VERSION}"},
        # The deadlines stand around the calls.
        timeout=aiohttp.ClientTimeout(total=None),
        trace_configs=[trace],
    )


async def _refuse_redirect(*_trace: object) -> None:
    raise RedirectError("answers with a redirect; give the hub's own address")


def _last_words(session: Session, ws: "aiohttp.ClientWebSocketResponse[bool]") -> str:
    said = session.complaint or f"closed with {ws.close_code}"
    return f"{said} ({session.ignored} messages ignored)" if session.ignored else said


def _reason(exc: Exception) -> str:
    if isinstance(exc, aiohttp.WSServerHandshakeError):
        return f"answers {exc.status} instead of a WebSocket"
    if isinstance(exc, aiohttp.ServerFingerprintMismatch):
        return "its certificate is not the one of --tls-pin; somebody may be listening in"
    return str(exc)[:200] or type(exc).__name__
