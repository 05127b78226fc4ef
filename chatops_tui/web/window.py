"""One window of a browser: a process with the UI, which textual-serve talks to over pipes."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from chatops_tui.exit_code import ExitCode
from chatops_tui.web.logins import environment_of

# What a program of ours needs of the environment; the rest (an ssh-agent, a signing key, a password) belongs
# to whoever started `chatops web`, not to whoever looks at it.
_HANDED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
# Of a frame each 33 ms; a page on the other side of a slow line draws less anyway.
_FPS: Final = "30"
# SIGTERM ends the UI sooner; then somebody has to see to it.
_ENDS_WITHIN_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Page:
    """How a page is written to and closed."""

    write_bytes: Callable[[bytes], Awaitable[None]]
    write_str: Callable[[str], Awaitable[None]]
    close: Callable[[], Awaitable[object]]


class Window(AppService):
    """The UI's process of one page; started with `start`, and gone after `stop`."""

    def __init__(self, arguments: Sequence[str], folder: Path, page: Page) -> None:
        """Take what `chatops_tui.hosted` takes and the folder of its login."""

        async def close() -> None:
            await page.close()

        super().__init__(
            "chatops",
            write_bytes=page.write_bytes,
            write_str=page.write_str,
            close=close,
            download_manager=DownloadManager(),
        )
        self._arguments = arguments
        self._folder = folder

    @property
    def has_no_session(self) -> bool:
        """Say whether the UI has ended because nobody is signed in there any more."""
        return self._process is not None and self._process.returncode == ExitCode.NO_SESSION

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        return {
            **kept,
            **environment_of(self._folder),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TEXTUAL_FPS": _FPS,
            "COLUMNS": str(width),
            "ROWS": str(height),
        }

    async def _open_app_process(self, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        # Without a shell, unlike textual-serve's own.
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chatops_tui.hosted", *self._arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._build_environment(width, height),
            cwd=self._folder,
        )
        self._stdin = self._process.stdin
        return self._process

    async def stop(self) -> None:
        """End the process, by force if it must be. Idempotent."""
        process, task = self._process, self._task
        if process is None or task is None:
            return
        self._task = None
        with suppress(ConnectionError):  # it has ended by itself
            await self.send_meta({"type": "quit"})
        try:
            async with asyncio.timeout(_ENDS_WITHIN_S):
                await asyncio.shield(task)
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await task
            await process.wait()
