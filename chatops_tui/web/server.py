"""The pages and sockets of `chatops web`: without a login at the hub there is nothing but the form for it."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final

import msgspec
import textual_serve
from aiohttp import WSMsgType, web

from chatops_tui.client.errors import (
    HubError,
    HubUnreachableError,
    InvalidCredentialsError,
    OtpNeededError,
    TooManyRequestsError,
)
from chatops_tui.web.logins import LASTS_S, MOST_WINDOWS, Login, Logins, TooManyLoginsError
from chatops_tui.web.pages import HEADERS, SCRIPT, login_page, policy, ui_page
from chatops_tui.web.window import Page, Window

log = logging.getLogger(__name__)

COOKIE: Final = "chatops_session"
# The hub counts wrong logins by name; here they all come from one address, so that somebody who guesses could
# keep others out. A person mistypes less often.
MOST_FAILURES: Final = 10
_WITHIN_S: Final = 60.0
_MOST_ADDRESSES: Final = 10_000
# A paste into a form; what is longer is no password.
_FORM_BYTES: Final = 16 * 1024
# A paste into the UI.
_FRAME_BYTES: Final = 1024 * 1024
_MOST_SIZE: Final = 1_000
FORM_WITHIN_S: Final = 10.0
_CLOSES_WITHIN_S: Final = 3.0


class WebUi:
    """One application; `Logins` and the windows' processes end with it."""

    def __init__(
        self, logins: Logins, hub_url: str, arguments_of: Callable[[str], Sequence[str]], *, secure: bool
    ) -> None:
        """Take how a window's process is called for a user, and whether pages come by https."""
        self._logins = logins
        self._hub_url = hub_url
        self._arguments_of = arguments_of
        self._secure = secure
        self._failures: dict[str, deque[float]] = {}
        self._sockets: set[web.WebSocketResponse] = set()
        self._windows: Counter[str] = Counter()

    def application(self) -> web.Application:
        """Return it, to be served."""
        app = web.Application(client_max_size=_FORM_BYTES, middlewares=[_with_headers])
        static = Path(textual_serve.__file__).parent / "static"
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/login", self._form),
                web.post("/login", self._login),
                web.post("/logout", self._logout),
                web.get("/ws", self._window),
                web.get("/page.js", _script),
                web.static("/static", static),
            ]
        )
        app.on_shutdown.append(self._shut_down)
        app.on_cleanup.append(self._clean_up)
        return app

    async def _index(self, request: web.Request) -> web.Response:
        if self._login_of(request) is None:
            return _see_other("/login")
        # The page's script makes it wss where the page came by https, be it by a proxy in front.
        socket = f"{'wss' if self._secure else 'ws'}://{request.host}/ws"
        return _page(ui_page(socket), f"{socket} wss://{request.host}/ws")

    async def _form(self, _request: web.Request) -> web.Response:
        return _page(login_page(self._hub_url))

    async def _login(self, request: web.Request) -> web.Response:
        _require_own_page(request)
        form = await _form_of(request)
        username, password, otp = (str(form.get(name, "")) for name in ("username", "password", "otp"))
        failures = self._failures_of(request)
        if len(failures) >= MOST_FAILURES:
            return self._refused(429, username, "Too many attempts: wait a minute.")
        # Counted before the hub is asked, so that many at once are too many.
        attempt = asyncio.get_running_loop().time()
        failures.append(attempt)
        try:
            token = await self._logins.open(username.strip(), password, otp.strip())
        except InvalidCredentialsError as exc:
            return self._answer_to(username, exc)
        except HubError as exc:
            _forget(attempt, failures)
            return self._answer_to(username, exc)
        except TooManyLoginsError:
            _forget(attempt, failures)
            return self._refused(503, username, "Too many people are signed in here already.")
        _forget(attempt, failures)
        await self._logins.close(request.cookies.get(COOKIE, ""))
        return self._let_in(request, token)

    def _let_in(self, request: web.Request, token: str) -> web.Response:
        response = _see_other("/")
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(LASTS_S),
            httponly=True,
            samesite="Strict",
            # Also where a proxy in front does the TLS: then the browser knows its page by https.
            secure=self._secure or request.headers["Origin"].startswith("https:"),
        )
        return response

    async def _logout(self, request: web.Request) -> web.Response:
        _require_own_page(request)
        await self._logins.close(request.cookies.get(COOKIE, ""))
        response = _see_other("/login")
        response.del_cookie(COOKIE)
        return response

    async def _window(self, request: web.Request) -> web.WebSocketResponse:
        _require_own_page(request)
        login = self._login_of(request)
        if login is None:
            raise web.HTTPUnauthorized(text="sign in first\n")
        if self._windows[login.username] >= MOST_WINDOWS:
            raise web.HTTPTooManyRequests(text=f"at most {MOST_WINDOWS} windows at once\n")
        # Of a user, and not of a login: else windows of one that is over would count for nobody.
        self._windows[login.username] += 1
        try:
            return await self._shown(request, login)
        finally:
            self._windows[login.username] -= 1
            self._windows += Counter()  # forgets who has none

    async def _shown(self, request: web.Request, login: Login) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=_FRAME_BYTES, timeout=_CLOSES_WITHIN_S)
        await socket.prepare(request)
        page = Page(socket.send_bytes, socket.send_str, socket.close)
        window = Window(self._arguments_of(login.username), login.folder, page)
        self._sockets.add(socket)
        login.closers.add(socket.close)
        try:
            if not login.is_over:
                async with asyncio.timeout(self._logins.left_s(login)):
                    await window.start(_size(request, "width", 80), _size(request, "height", 24))
                    await _talk(socket, window)
        except ConnectionResetError:
            log.info("a browser went away")
        except TimeoutError:
            log.info("a login has lasted its time")
        finally:
            login.closers.discard(socket.close)
            self._sockets.discard(socket)
            await window.stop()
            await socket.close()
        if window.has_no_session:
            await self._logins.close(request.cookies.get(COOKIE, ""))
        await self._logins.close_old()
        return socket

    def _login_of(self, request: web.Request) -> Login | None:
        return self._logins.find(request.cookies.get(COOKIE, ""))

    def _failures_of(self, request: web.Request) -> deque[float]:
        """Return when an address was wrong within the last minute, to be added to."""
        now = asyncio.get_running_loop().time()
        for network, failures in list(self._failures.items()):
            while failures and failures[0] < now - _WITHIN_S:
                failures.popleft()
            if not failures:
                del self._failures[network]
        if len(self._failures) > _MOST_ADDRESSES:
            self._failures.clear()
        return self._failures.setdefault(_network(request.remote), deque())

    def _answer_to(self, username: str, exc: HubError) -> web.Response:
        match exc:
            case OtpNeededError():
                return self._refused(401, username, "A code of your second factor is needed.")
            case InvalidCredentialsError():
                return self._refused(401, username, "Wrong user name or password.")
            case TooManyRequestsError():
                return self._refused(429, username, "Too many attempts: wait a minute.")
            case HubUnreachableError():
                return self._refused(503, username, "The hub cannot be reached.")
            case _:
                log.warning("a login failed", extra={"reason": str(exc)})
                return self._refused(502, username, "The hub did not sign you in.")

    def _refused(self, status: int, username: str, wrong: str) -> web.Response:
        return _page(login_page(self._hub_url, username, wrong), status=status)

    async def _shut_down(self, _app: web.Application) -> None:
        await asyncio.gather(*(socket.close() for socket in list(self._sockets)))

    async def _clean_up(self, _app: web.Application) -> None:
        await self._logins.close_all()


async def _talk(socket: web.WebSocketResponse, window: Window) -> None:
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        match _parsed(message.data):
            case ["stdin", str(data)]:
                await window.send_bytes(data.encode())
            case ["resize", {"width": int(width), "height": int(height)}]:
                await window.set_terminal_size(_bounded(width), _bounded(height))
            case ["ping", data]:
                await socket.send_json(["pong", data])
            case ["blur", *_]:
                await window.blur()
            case ["focus", *_]:
                await window.focus()
            case _:
                log.debug("a browser sent what is not known")


def _parsed(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


async def _form_of(request: web.Request) -> Mapping[str, object]:
    """Return what was filled in; 408 where it does not come."""
    try:
        async with asyncio.timeout(FORM_WITHIN_S):
            return await request.post()
    except TimeoutError as exc:
        raise web.HTTPRequestTimeout(text="the form did not come\n") from exc


def _forget(attempt: float, failures: deque[float]) -> None:
    with suppress(ValueError):  # it took longer than attempts are counted
        failures.remove(attempt)


def _network(address: str | None) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 that one IPv6 user commands."""
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or parsed.exploded[:19])
    return str(parsed)


@web.middleware
async def _with_headers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as exc:
        exc.headers.update(HEADERS)
        raise
    if not response.prepared:
        response.headers.update(HEADERS)
    return response


async def _script(_request: web.Request) -> web.Response:
    return web.Response(text=SCRIPT, content_type="text/javascript")


def _see_other(where: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": where})


def _page(html: str, socket: str = "", status: int = 200) -> web.Response:
    headers = {"Content-Security-Policy": policy(socket)}
    return web.Response(text=html, content_type="text/html", headers=headers, status=status)


def _require_own_page(request: web.Request) -> None:
    """Let in what comes from a page of ours: a browser says so in Origin; 403 otherwise."""
    origin = request.headers.get("Origin")
    if origin is None or origin.partition("://")[2] != request.host:
        raise web.HTTPForbidden(text="this comes from another page\n")


def _size(request: web.Request, name: str, usual: int) -> int:
    text = request.query.get(name, "")
    return _bounded(int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else usual  # noqa: PLR2004 - see _bounded


def _bounded(size: int) -> int:
    return min(max(size, 1), _MOST_SIZE)
