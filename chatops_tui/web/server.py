"""The pages and sockets of `chatops web`: without a login at the hub there is nothing but the form for it."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
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
            raise web.HTTPSeeOther("/login")
        socket = f"{'wss' if self._secure else 'ws'}://{request.host}/ws"
        return _page(ui_page(socket), socket)

    async def _form(self, _request: web.Request) -> web.Response:
        return _page(login_page(self._hub_url))

    async def _login(self, request: web.Request) -> web.Response:
        _require_own_page(request)
        form = await request.post()
        username, password, otp = (str(form.get(name, "")) for name in ("username", "password", "otp"))
        if self._is_guessing(request):
            return self._refused(429, username, "Too many attempts: wait a minute.")
        try:
            token = await self._logins.open(username.strip(), password, otp.strip())
        except HubError as exc:
            return self._answer_to(request, username, exc)
        except TooManyLoginsError:
            return self._refused(503, username, "Too many people are signed in here already.")
        response = web.HTTPSeeOther("/")
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(LASTS_S),
            httponly=True,
            samesite="Strict",
            secure=self._secure,
        )
        return response

    async def _logout(self, request: web.Request) -> web.Response:
        _require_own_page(request)
        await self._logins.close(request.cookies.get(COOKIE, ""))
        response = web.HTTPSeeOther("/login")
        response.del_cookie(COOKIE)
        return response

    async def _window(self, request: web.Request) -> web.WebSocketResponse:
        _require_own_page(request)
        login = self._login_of(request)
        if login is None:
            raise web.HTTPUnauthorized(text="sign in first\n")
        if login.windows >= MOST_WINDOWS:
            raise web.HTTPTooManyRequests(text=f"at most {MOST_WINDOWS} windows at once\n")
        login.windows += 1
        try:
            return await self._shown(request, login)
        finally:
            login.windows -= 1

    async def _shown(self, request: web.Request, login: Login) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=_FRAME_BYTES)
        await socket.prepare(request)
        self._sockets.add(socket)
        page = Page(socket.send_bytes, socket.send_str, socket.close)
        window = Window(self._arguments_of(login.username), login.folder, page)
        try:
            await window.start(_size(request, "width", 80), _size(request, "height", 24))
            await _talk(socket, window)
        except ConnectionResetError:
            log.info("a browser went away")
        finally:
            self._sockets.discard(socket)
            await window.stop()
        return socket

    def _login_of(self, request: web.Request) -> Login | None:
        return self._logins.find(request.cookies.get(COOKIE, ""))

    def _is_guessing(self, request: web.Request) -> bool:
        failures = self._failures.get(request.remote or "", deque())
        now = asyncio.get_running_loop().time()
        while failures and failures[0] < now - _WITHIN_S:
            failures.popleft()
        return len(failures) >= MOST_FAILURES

    def _answer_to(self, request: web.Request, username: str, exc: HubError) -> web.Response:
        match exc:
            case OtpNeededError():
                return self._refused(401, username, "A code of your second factor is needed.")
            case InvalidCredentialsError():
                if len(self._failures) > _MOST_ADDRESSES:
                    self._failures.clear()
                failures = self._failures.setdefault(request.remote or "", deque(maxlen=MOST_FAILURES))
                failures.append(asyncio.get_running_loop().time())
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
    except msgspec.DecodeError:
        return None


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
