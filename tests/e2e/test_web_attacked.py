"""`chatops web` before people who have an account, or none, and mean no good."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from chatops_tui.client.connect import Tls
from chatops_tui.web import server
from chatops_tui.web.logins import MOST_LOGINS_OF_ONE, HubAddress, Logins
from chatops_tui.web.server import COOKIE, MOST_FAILURES, WebUi
from tests.deadlines import DEADLINE_S, eventually
from tests.e2e.demo_process import Demo, running


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("web") / "demo") as demo:
        yield demo


@dataclass
class Site:
    """`chatops web` in this process; windows are processes as ever."""

    url: URL
    demo: Demo
    open_ones: list[aiohttp.ClientSession] = field(default_factory=list)

    @property
    def account(self) -> dict[str, str]:
        return {"username": self.demo.facts["username"], "password": self.demo.facts["password"]}

    def browser(self) -> aiohttp.ClientSession:
        jar = aiohttp.CookieJar(unsafe=True)
        http = aiohttp.ClientSession(self.url, headers={"Origin": str(self.url)[:-1]}, cookie_jar=jar)
        self.open_ones.append(http)
        return http

    async def signed_in(self) -> aiohttp.ClientSession:
        http = self.browser()
        async with http.post("/login", data=self.account, allow_redirects=False) as answer:
            assert answer.status == 303
        return http

    async def ask_hub(self, method: str, path: str, token: str = "", body: object = None) -> Any:  # noqa: ANN401 - JSON
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            aiohttp.ClientSession(self.demo.facts["url"]) as http,
            http.request(method, f"/api/v1{path}", headers=headers, json=body) as answer,
        ):
            return await answer.json(content_type=None)


@pytest.fixture
async def site(demo: Demo) -> AsyncIterator[Site]:
    hub = demo.facts["url"]

    def arguments(username: str) -> list[str]:
        return [f"--url={hub}", f"--username={username}"]

    ui = WebUi(Logins(HubAddress(hub, Tls("", ""))), hub, arguments, secure=False)
    # It looks for its files, which `chatops web` does before anybody waits.
    runner = web.AppRunner(await asyncio.to_thread(ui.application), shutdown_timeout=1.0, lingering_time=0.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site = Site(URL(f"http://127.0.0.1:{runner.addresses[0][1]}/"), demo)
    yield site
    for http in site.open_ones:
        await http.close()
    await runner.cleanup()


async def is_signed_in(http: aiohttp.ClientSession) -> bool:
    async with http.get("/", allow_redirects=False) as answer:
        return answer.status == 200


@asynccontextmanager
async def window(http: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open one and yield it once the UI draws."""
    async with http.ws_connect("/ws", timeout=aiohttp.ClientWSTimeout(ws_close=DEADLINE_S)) as socket:
        async with asyncio.timeout(3 * DEADLINE_S):
            while (await socket.receive()).type is not aiohttp.WSMsgType.BINARY:
                pass
        yield socket


async def is_closed(socket: aiohttp.ClientWebSocketResponse) -> None:
    async with asyncio.timeout(3 * DEADLINE_S):
        async for _ in socket:
            pass


async def test_guesses_made_at_once_are_counted_too(site: Site) -> None:
    http = site.browser()

    async def guess() -> int:
        async with http.post("/login", data={"username": "nobody", "password": "wrong password"}) as answer:
            return answer.status

    statuses = await asyncio.gather(*(guess() for _ in range(3 * MOST_FAILURES)))
    assert sorted(statuses) == [401] * MOST_FAILURES + [429] * 2 * MOST_FAILURES


async def test_one_user_does_not_take_all_the_logins(site: Site) -> None:
    browsers = [await site.signed_in() for _ in range(MOST_LOGINS_OF_ONE + 1)]
    assert [await is_signed_in(http) for http in browsers] == [False] + [True] * MOST_LOGINS_OF_ONE


async def test_who_signs_in_again_leaves_no_login_behind(site: Site) -> None:
    http = await site.signed_in()
    before = http.cookie_jar.filter_cookies(site.url)[COOKIE].value
    async with http.post("/login", data=site.account, allow_redirects=False) as answer:
        assert answer.status == 303
    assert await is_signed_in(http)
    old = site.browser()
    old.cookie_jar.update_cookies({COOKIE: before}, site.url)
    assert not await is_signed_in(old)


async def test_a_cookie_that_somebody_else_chose_is_not_signed_in(site: Site) -> None:
    http = site.browser()
    http.cookie_jar.update_cookies({COOKIE: "chosen"}, site.url)
    async with http.post("/login", data=site.account, allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.cookies[COOKIE].value != "chosen"
    chosen = site.browser()
    chosen.cookie_jar.update_cookies({COOKIE: "chosen"}, site.url)
    assert not await is_signed_in(chosen)


async def test_behind_a_proxy_with_tls_the_cookie_is_for_https_alone(site: Site) -> None:
    http = site.browser()
    origin = f"https://{site.url.host}:{site.url.port}"
    async with http.post(
        "/login", data=site.account, headers={"Origin": origin}, allow_redirects=False
    ) as answer:
        assert answer.cookies[COOKIE]["secure"]
    async with (await site.signed_in()).get("/") as answer:
        policy, page = answer.headers["Content-Security-Policy"], await answer.text()
    assert f"wss://{site.url.host}:{site.url.port}/ws" in policy
    # The script that corrects the socket's address comes before the one that opens it.
    assert page.index("/page.js") < page.index("/static/js/textual.js")


async def test_a_logout_closes_windows_and_those_of_a_user_are_counted_together(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_WINDOWS", 1)
    http = await site.signed_in()
    other = await site.signed_in()
    async with window(http) as socket:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await other.ws_connect("/ws")
        assert refused.value.status == 429
        # What is no message is no reason to end a window, and none to fail.
        await socket.send_str("[" * 100_000)
        await socket.send_str('["ping", 1]')
        while (message := await socket.receive(3 * DEADLINE_S)).data != '["pong", 1]':
            assert message.type in {aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT}
        async with http.post("/logout", allow_redirects=False) as answer:
            assert answer.status == 303
        await is_closed(socket)

    async def is_open() -> bool:
        try:
            await (await other.ws_connect("/ws")).close()
        except aiohttp.WSServerHandshakeError:
            return False
        return True

    await eventually(is_open, deadline_s=3 * DEADLINE_S)


async def test_a_session_that_was_ended_at_the_hub_leads_to_the_form(site: Site) -> None:
    http = await site.signed_in()
    async with window(http) as socket:
        token = (await site.ask_hub("POST", "/auth/login", body=site.account))["access_token"]
        sessions = (await site.ask_hub("GET", "/auth/sessions", token))["items"]
        for session in sessions:
            if not session["current"]:
                await site.ask_hub("DELETE", f"/auth/sessions/{session['id']}", token)
        await is_closed(socket)

    async def is_out() -> bool:
        return not await is_signed_in(http)

    await eventually(is_out, deadline_s=3 * DEADLINE_S)


async def test_a_form_that_does_not_come_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FORM_WITHIN_S", 0.1)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"username="
        await asyncio.Event().wait()

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with site.browser().post("/login", data=slowly(), headers=kind) as answer:
        assert answer.status == web.HTTPRequestTimeout.status_code
