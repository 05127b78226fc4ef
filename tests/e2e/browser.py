"""A headless Chromium, driven over its own debugging protocol."""

import asyncio
import base64
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.deadlines import DEADLINE_S, eventually

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Return where it is installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page of it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.complaints: list[str] = []
        """Errors: what the policy of a page forbids, what was not found, what a script threw."""
        self.received: list[bytes] = []
        """What came over WebSockets, frame by frame."""

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """Ask the browser for something and return its answer."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(3 * DEADLINE_S):
            while True:
                message = json.loads((await self._socket.receive()).data)
                if message.get("id") == number:
                    assert "error" not in message, message
                    return dict(message["result"])
                self._heard(message)

    def _heard(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Log.entryAdded":
                entry = message["params"]["entry"]
                if entry["level"] == "error":
                    self.complaints.append(json.dumps(entry))
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(message["params"]))
            case "Network.webSocketFrameReceived":
                frame = message["params"]["response"]
                is_binary = frame["opcode"] == 2
                data = frame["payloadData"]
                self.received.append(base64.b64decode(data) if is_binary else data.encode())
            case _:
                pass

    async def go(self, url: str) -> None:
        """Open an address."""
        await self.call("Page.navigate", url=url)

    async def says(self, expression: str) -> object:
        """Return what an expression gives on the page; None while there is no page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def waits_for(self, expression: str) -> None:
        """Return when an expression is true."""

        async def is_true() -> bool:
            return bool(await self.says(expression))

        await eventually(is_true, deadline_s=6 * DEADLINE_S, what=expression)

    async def types(self, text: str) -> None:
        """Type into whatever has the focus."""
        for character in text:
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=character, key=character)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=character)

    async def picture(self, path: Path) -> None:
        """Keep a picture of the page."""
        answer = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))


@asynccontextmanager
async def browser(width: int = 1200, height: int = 700) -> AsyncIterator[Browser]:
    """A browser that has never been anywhere, gone afterwards."""
    program = chromium()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            *(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"),
            *("--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking"),
            *(f"--user-data-dir={folder}", f"--window-size={width},{height}", "about:blank"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            port = await _port(Path(folder) / "DevToolsActivePort")
            async with aiohttp.ClientSession() as http:
                async with http.get(f"http://127.0.0.1:{port}/json") as answer:
                    pages = [page for page in await answer.json() if page["type"] == "page"]
                async with http.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    page = Browser(socket)
                    for domain in ("Page", "Runtime", "Log", "Network"):
                        await page.call(f"{domain}.enable")
                    yield page
        finally:
            process.terminate()
            await process.wait()


async def _port(path: Path) -> int:
    await eventually(lambda: path.is_file() and "\n" in path.read_text(), deadline_s=6 * DEADLINE_S)
    return int((await asyncio.to_thread(path.read_text)).splitlines()[0])
