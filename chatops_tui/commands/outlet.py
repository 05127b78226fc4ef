"""What a remote program prints, on its way to this one's stdout and stderr, either of which may be slow."""

import asyncio
import os
import queue
import select
import threading
from typing import Final

# A few chunks: enough that neither side waits for the other's every turn.
_HELD_BYTES: Final = 256 * 1024
# A thread that is stuck in a write cannot be ended; whoever leaves does not wait for it.
_END_WITHIN_S: Final = 1.0


class Outlet:
    """Writes in a thread, in order: stdout may be a pipe nobody reads, and ctrl+c must still be heard.

    Full, `write` waits; what is written while one is stuck is lost when the program ends.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[tuple[int, bytes] | None] = queue.SimpleQueue()
        self._held = 0
        self._error: OSError | None = None
        self._changed = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="outlet", daemon=True)
        self._thread.start()

    async def write(self, fd: int, data: bytes) -> None:
        """Write bytes, some time soon, behind those before.

        Raises:
            OSError: An earlier write failed; BrokenPipeError when nobody reads any more.
        """
        if data:
            self._held += len(data)
            self._jobs.put((fd, data))
        await self._until(_HELD_BYTES)

    async def flush(self) -> None:
        """Return when everything is written; raises as `write`."""
        await self._until(0)

    async def close(self) -> None:
        """End the thread, unless it is stuck."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join, _END_WITHIN_S)

    async def _until(self, most: int) -> None:
        while self._held > most and self._error is None:
            self._changed.clear()
            await self._changed.wait()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            error = _written(*job)
            try:
                self._loop.call_soon_threadsafe(self._note, len(job[1]), error)
            except RuntimeError:
                # The loop has ended without this thread.
                return

    def _note(self, size: int, error: OSError | None) -> None:
        self._held -= size
        self._error = self._error or error
        self._changed.set()


def _written(fd: int, data: bytes) -> OSError | None:
    """Write it all; return why that failed."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            # Whoever started this program has set its files not to wait.
            select.select([], [fd], [])
        except OSError as exc:
            return exc
    return None
