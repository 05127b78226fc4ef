"""A real `chatops-agent run` in a process of its own."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable
from tempfile import TemporaryDirectory
from typing import TypeAlias

from tests.deadlines import DEADLINE_S, eventually

KEY = "a-key-of-some-other-form"


class AgentProcess:
    """The process and what it has said on stderr so far."""

    def __init__(self, process: Process, folder: "TemporaryDirectory[str]") -> None:
        self._process = process
        self._folder = folder
        self._reader = asyncio.create_task(self._read(), name="agent-stderr")
        self.lines: list[str] = []

    @classmethod
    async def start(cls, *urls: str, interval: str = "1", key: str = KEY, **options: str) -> "AgentProcess":
        # Of its own, unless the test names one: what one agent keeps is not for the next test's.
        folder = TemporaryDirectory(prefix="agent-")
        options = {"data_dir": folder.name, **options}
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "chatops_agent",
            "run",
            *(f"--url={url}" for url in urls),
            f"--interval={interval}",
            *flags,
            env={**os.environ, "CHATOPS_API_KEY": key},
            stderr=PIPE,
        )
        return cls(process, folder)

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def says(self, text: str) -> str:
        """Return the first line of its log that holds this text."""
        return await eventually(
            lambda: next((line for line in self.lines if text in line), ""), what=f"log line {text!r}"
        )

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and return the exit code."""
        self._process.send_signal(number)
        async with asyncio.timeout(DEADLINE_S):
            return await self._process.wait()

    async def end(self) -> None:
        if self.running:
            self._process.kill()
        await self._process.wait()
        await self._reader
        await asyncio.to_thread(self._folder.cleanup)

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.lines.append(line.decode().rstrip())


StartAgent: TypeAlias = Awaitable[AgentProcess]
