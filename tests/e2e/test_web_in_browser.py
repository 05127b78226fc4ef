"""`chatops web`: the UI in a real browser, by the hub's own login and in no other way."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil
import pyte
import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.e2e.browser import Browser, browser, chromium
from tests.e2e.demo_process import Demo, running

needs_chromium = pytest.mark.skipif(chromium() is None, reason="there is no Chromium on this machine")


@dataclass
class Pages:
    """`chatops web` before a hub of a demo."""

    url: str
    process: asyncio.subprocess.Process
    demo: Demo

    @property
    def account(self) -> dict[str, str]:
        return {"username": self.demo.facts["username"], "password": self.demo.facts["password"]}

    def windows(self) -> list[psutil.Process]:
        """Return the processes behind windows of browsers."""
        children: list[psutil.Process] = psutil.Process(self.process.pid).children()
        return children


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("web") / "demo") as demo:
        yield demo


@pytest.fixture
async def pages(demo: Demo, tmp_path: Path) -> AsyncIterator[Pages]:
    secrets = {"CHATOPS_PASSWORD": "of whoever started it", "SSH_AUTH_SOCK": "/nowhere"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatops_tui.cli", "web", "--port", "0", "--url", demo.facts["url"]),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"HOME": str(tmp_path)} | secrets,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(3 * DEADLINE_S):
            line = (await process.stdout.readline()).decode()
        yield Pages(line.removeprefix("chatops web listening on ").strip(), process, demo)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def signed_in(page: Browser, pages: Pages) -> None:
    """Sign in with the form."""
    await page.go(pages.url)
    await page.waits_for("document.getElementById('password') !== null")
    for name, value in pages.account.items():
        await page.says(f"document.getElementById('{name}').focus()")
        await page.types(value)
    await page.says("document.querySelector('form button').click()")
    await page.waits_for("document.getElementById('terminal') !== null")


def screen_of(page: Browser) -> str:
    """Return what the UI has drawn: its frames as a terminal understands them."""
    screen = pyte.Screen(200, 60)
    stream = pyte.ByteStream(screen)
    for frame in list(page.received):
        if not frame.startswith(b"["):
            stream.feed(frame)
    return "\n".join(screen.display)


async def shows(page: Browser, text: str) -> None:
    async def is_there() -> bool:
        await page.says("1")  # what has come meanwhile is heard with the answer
        return text in screen_of(page)

    await eventually(is_there, deadline_s=6 * DEADLINE_S, what=text)


@needs_chromium
async def test_a_browser_signs_in_sees_the_fleet_and_uses_it(pages: Pages, tmp_path: Path) -> None:
    async with browser() as page:
        await signed_in(page, pages)
        await shows(page, "Fleet")
        await shows(page, "CPU")
        await page.says("document.querySelector('textarea').focus()")
        await page.types("?")
        await shows(page, "Help")
        await page.picture(tmp_path / "web.png")
        assert (tmp_path / "web.png").stat().st_size > 10_000
        assert page.complaints == []
        [window] = pages.windows()
        words = " ".join(window.cmdline())
        assert pages.account["password"] not in words
        environ = window.environ()
        assert {"CHATOPS_PASSWORD", "SSH_AUTH_SOCK"} & set(environ) == set()
        assert pages.account["password"] not in str(environ)
    await eventually(lambda: not pages.windows(), deadline_s=3 * DEADLINE_S)


@needs_chromium
async def test_a_wrong_password_stays_at_the_form(pages: Pages) -> None:
    async with browser() as page:
        await page.go(pages.url)
        await page.waits_for("document.getElementById('password') !== null")
        await page.says("document.getElementById('username').value = 'admin'")
        await page.says("document.getElementById('password').value = 'wrong password'")
        await page.says("document.querySelector('form button').click()")
        await page.waits_for("document.body.innerText.includes('Wrong user name or password')")
        assert pages.windows() == []


async def test_without_a_login_there_is_only_the_form(pages: Pages) -> None:
    async with aiohttp.ClientSession(pages.url) as http:
        async with http.get("/", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/login")
        for headers, status in (
            ({"Origin": pages.url}, 401),
            ({}, 403),
            ({"Origin": "http://evil.test"}, 403),
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect("/ws", headers=headers)
            assert refused.value.status == status
        async with http.post("/login", data=pages.account, headers={"Origin": "http://evil.test"}) as answer:
            assert answer.status == 403
        async with http.get("/login") as answer:
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "http://fonts" not in await answer.text()
    assert pages.windows() == []


async def test_whoever_guesses_has_to_wait(pages: Pages) -> None:
    wrong = {"username": "nobody", "password": "wrong password"}
    async with aiohttp.ClientSession(pages.url, headers={"Origin": pages.url}) as http:
        statuses = []
        for _ in range(11):
            async with http.post("/login", data=wrong) as answer:
                statuses.append(answer.status)
    assert statuses == [401] * 10 + [429]


async def test_a_logout_ends_the_session_and_its_files(pages: Pages) -> None:
    async with aiohttp.ClientSession(
        pages.url, headers={"Origin": pages.url}, cookie_jar=aiohttp.CookieJar(unsafe=True)
    ) as http:
        async with http.post("/login", data=pages.account, allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"]
            assert (answer.status, "HttpOnly" in cookie, "SameSite=Strict" in cookie) == (303, True, True)
        async with http.get("/", allow_redirects=False) as answer:
            assert answer.status == 200
        async with http.ws_connect("/ws?width=100&height=30") as socket:
            await eventually(pages.windows, deadline_s=3 * DEADLINE_S)
            [window] = pages.windows()
            folder = Path(window.cwd())
            assert os.stat(folder).st_mode & 0o777 == 0o700  # noqa: PTH116 - no file of a slow disk
            await socket.close()
        async with http.post("/logout", allow_redirects=False) as answer:
            assert answer.status == 303
        async with http.get("/", allow_redirects=False) as answer:
            assert answer.status == 303
        await eventually(lambda: not folder.exists())


async def test_it_ends_with_its_windows(pages: Pages) -> None:
    async with aiohttp.ClientSession(
        pages.url, headers={"Origin": pages.url}, cookie_jar=aiohttp.CookieJar(unsafe=True)
    ) as http:
        async with http.post("/login", data=pages.account, allow_redirects=False):
            pass
        async with http.ws_connect("/ws") as socket:
            [window] = await eventually(pages.windows, deadline_s=3 * DEADLINE_S)
            pages.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(3 * DEADLINE_S):
                await socket.receive()
                assert await pages.process.wait() == 0
    await eventually(lambda: not window.is_running() or window.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--host", "0.0.0.0"), "--plain-http"),  # noqa: S104 - what is refused
        (("--tls-cert", "/nowhere/cert.pem"), "belong together"),
        (("--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"), "--tls-cert: "),
    ],
)
async def test_a_bad_setting_ends_the_start(arguments: tuple[str, ...], told: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatops_tui.cli", "web", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert told in err.decode()
