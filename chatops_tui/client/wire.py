"""One hub's address over HTTP: sends a request, understands the answer, says in words why there is none."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Final, Literal, TypeVar

import aiohttp
import msgspec

from chatops_tui.client.addresses import Addresses
from chatops_tui.client.errors import HubAnswerError, HubUnreachableError, Refusal, refused
from chatops_wire.agent import HEARTBEAT_S
from chatops_wire.codec import encode
from chatops_wire.rest import Problem

T = TypeVar("T")
Socket = aiohttp.ClientWebSocketResponse[Literal[True]]

API: Final = "/api/v1"
# A closing handshake is a courtesy; a hub that is gone does not answer it.
CLOSE_WITHIN_S: Final = 1.0
# The longest piece of a stranger's answer that is quoted.
_QUOTED: Final = 200

# Bad gateway, unavailable, gateway timeout: a hub explains its own, a proxy does not.
_OF_PROXIES: Final = frozenset({502, 503, 504})

_WORDS: Final[Mapping[int, str]] = {
    errno.ECONNREFUSED: "nothing listens there (connection refused)",
    errno.EHOSTUNREACH: "there is no route to that host",
    errno.ENETUNREACH: "this machine has no network that leads there",
    errno.ETIMEDOUT: "it does not answer (timed out)",
    errno.ECONNRESET: "it closed the connection",
    errno.EPIPE: "it closed the connection",
}
# In this order: some are OSErrors too, whose own text says less.
_KINDS: Final[tuple[tuple[tuple[type[BaseException], ...], str], ...]] = (
    ((TimeoutError,), "no answer in time"),
    ((aiohttp.ClientConnectorDNSError, socket.gaierror), "no such host name is known"),
    ((aiohttp.ClientConnectorSSLError,), "TLS failed; perhaps the address begins with http://"),
    (
        (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError),
        "it closed the connection before it had answered",
    ),
    ((aiohttp.InvalidURL,), "that is no address"),
    (
        (aiohttp.ServerFingerprintMismatch,),
        "its TLS certificate is not the one of the pin; somebody may be listening in",
    ),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a hub is waited for, and how much of it is taken."""

    # A week's history of a busy hub takes seconds; somebody at a keyboard does not wait longer than this.
    answer_within_s: float = 15.0
    # Several pings unanswered: the peer or the path is gone, and waiting for TCP to notice takes minutes.
    silent_after_s: float = 12.0
    # Far above any answer of the contract (a page of 1000 servers is 2 MB), far below this machine's memory.
    answer_bytes: int = 64 * 1024 * 1024


USUAL: Final = Limits()


@dataclass(frozen=True, slots=True)
class Request:
    """One REST call below /api/v1."""

    method: str
    path: str
    body: msgspec.Struct | None = None
    query: tuple[tuple[str, str], ...] = ()
    token: str = field(default="", repr=False)
    engine_s: float = 0.0
    """What the machine that is asked may take of its own; the hub says when that is over."""


class Wire:
    """A hub's addresses and the connections to it. Whoever made the aiohttp session closes it.

    Where one of several addresses cannot be connected to the next one is called at once; whatever else goes
    wrong there is told, since the hub may have done what was asked, and the call after it goes to the next.
    """

    def __init__(self, url: str, http: aiohttp.ClientSession, limits: Limits = USUAL) -> None:
        self.url = url
        self.limits = limits
        self._http = http
        self._addresses = Addresses(url)

    async def call(self, request: Request, answer: type[T]) -> T:
        """Make a call and return its answer decoded; raises as `exchange` and `decoded` do."""
        return self.decoded(await self.exchange(request), answer)

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[Socket]:
        """Yield an open WebSocket below /api/v1; it is closed afterwards, within CLOSE_WITHIN_S.

        Raises:
            HubUnreachableError: It did not open within `limits.answer_within_s`.
            HubAnswerError: It points elsewhere.
        """

        async def opened(base: str) -> Socket:
            async with asyncio.timeout(self.limits.answer_within_s):
                return await self._http.ws_connect(
                    f"{base}{API}{path}",
                    heartbeat=HEARTBEAT_S,
                    max_msg_size=self.limits.answer_bytes,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_WITHIN_S),
                )

        ws = await self._somewhere(opened)
        try:
            yield ws
        finally:
            await ws.close()

    async def exchange(self, request: Request) -> bytes:
        """Return the body of the answer, empty where the contract gives none.

        Raises:
            HubUnreachableError: No whole answer within `limits.answer_within_s`, and `engine_s` more.
            HubAnswerError: An answer no hub gives.
            HubRefusedError: The hub said no.
        """
        headers = {"Accept": "application/json"}
        if request.token:
            headers["Authorization"] = f"Bearer {request.token}"
        if request.body is not None:
            headers["Content-Type"] = "application/json"

        async def answered(base: str) -> bytes:
            async with (
                asyncio.timeout(self.limits.answer_within_s + request.engine_s),
                self._http.request(
                    request.method,
                    f"{base}{API}{request.path}",
                    params=list(request.query),
                    data=None if request.body is None else encode(request.body),
                    headers=headers,
                    # A redirect would carry the token to an address nobody chose.
                    allow_redirects=False,
                ) as response,
            ):
                body = await self._body(response)
            self._check(response, body)
            return body

        return await self._somewhere(answered)

    async def pieces(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the body of the answer piece by piece, however much it is.

        Raises as `exchange`, perhaps after some came: a silence of `limits.answer_within_s` ends it.
        """
        headers = {"Authorization": f"Bearer {request.token}"}
        patience_s = self.limits.answer_within_s

        async def begun(base: str) -> aiohttp.ClientResponse:
            async with asyncio.timeout(patience_s):
                return await self._http.request(
                    request.method,
                    f"{base}{API}{request.path}",
                    params=list(request.query),
                    headers=headers,
                    allow_redirects=False,
                )

        async with await self._somewhere(begun) as response:
            if not _is_success(response.status):
                self._check(response, await self._body(response))
            while True:
                try:
                    async with asyncio.timeout(patience_s):
                        piece = await response.content.readany()
                except (aiohttp.ClientError, OSError, TimeoutError) as exc:
                    raise HubUnreachableError(self.url, reason_of(exc)) from exc
                if not piece:
                    return
                yield piece

    def decoded(self, body: bytes, answer: type[T]) -> T:
        """Return the body as the type it should be; HubAnswerError where it is not."""
        try:
            return msgspec.json.decode(body, type=answer)
        except (msgspec.DecodeError, UnicodeError) as exc:
            raise HubAnswerError(self.url, str(exc)[:_QUOTED]) from exc

    async def _somewhere(self, call: Callable[[str], Awaitable[T]]) -> T:
        """Make a call at the first address that can be connected to.

        Raises:
            HubUnreachableError: None of them, or it went wrong later.
        """
        for untried in reversed(range(len(self._addresses))):
            base = self._addresses.current
            try:
                return await call(base)
            except HubUnreachableError:
                # What stands before that hub answers in its place.
                self._addresses.failed(base)
                raise
            except (aiohttp.ClientError, OSError, TimeoutError) as exc:
                self._addresses.failed(base)
                if not untried or not isinstance(exc, aiohttp.ClientConnectorError):
                    raise HubUnreachableError(base, reason_of(exc)) from exc
        raise AssertionError

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        taken = bytearray()
        async for piece in response.content.iter_any():
            taken += piece
            if len(taken) > self.limits.answer_bytes:
                raise HubAnswerError(self.url, "its answer is too large")
        return bytes(taken)

    def _check(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        if _is_success(response.status):
            return
        if 300 <= response.status < 400:  # noqa: PLR2004 - RFC 9110: redirection
            raise _moved(self.url, response)
        try:
            problem = msgspec.json.decode(body, type=Problem)
        except (msgspec.DecodeError, UnicodeError) as exc:
            if response.status in _OF_PROXIES:
                reason = f"what stands before it answers in its place (status {response.status})"
                raise HubUnreachableError(self.url, reason) from exc
            raise HubAnswerError(self.url, f"status {response.status} without an explanation") from exc
        retry_after = _seconds(response.headers.get("Retry-After"))
        raise refused(Refusal(response.status, problem.code, problem.detail, retry_after))


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - RFC 9110: successful


def staying() -> aiohttp.TraceConfig:
    """Return what keeps a `Wire`'s aiohttp session from following a redirect of a WebSocket's handshake.

    The token would go to an address nobody chose, and `ws_connect` has no switch for it.
    """

    async def stay(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        redirect: aiohttp.TraceRequestRedirectParams,
    ) -> None:
        redirect.response.close()
        raise _moved(str(redirect.url.origin()), redirect.response)

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(stay)
    return config


def _moved(url: str, response: aiohttp.ClientResponse) -> HubAnswerError:
    target = response.headers.get("Location", "nowhere")[:_QUOTED]
    return HubAnswerError(url, f"it points to {target}, use that address")


def reason_of(exc: BaseException) -> str:
    """Return in words why an attempt to speak with a hub failed."""
    for kinds, words in _KINDS:
        if isinstance(exc, kinds):
            return words
    match exc:
        case aiohttp.ClientConnectorCertificateError():
            return f"its TLS certificate is not trusted ({_certificate_fault(exc.certificate_error)})"
        case aiohttp.WSServerHandshakeError():
            return f"it refused a WebSocket (status {exc.status})"
        case aiohttp.ClientResponseError():
            return "its answer is no HTTP; perhaps the address begins with https://"
        case OSError():
            return _WORDS.get(exc.errno or 0) or exc.strerror or "the connection failed"
        case _:
            return str(exc) or type(exc).__name__


def _certificate_fault(error: Exception) -> str:
    return str(getattr(error, "verify_message", "") or "it cannot be verified")


def _seconds(text: str | None) -> float | None:
    # The other form, a date, is not used by hubs.
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
