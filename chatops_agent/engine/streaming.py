"""Answers of an engine that go on and on: each is read in a thread of its own, which `close` ends."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from chatops_agent.engine.chunks import Dechunker, MalformedChunkError
from chatops_agent.engine.errors import EngineError
from chatops_wire.containers import DockerCode

log = logging.getLogger(__name__)

T = TypeVar("T")

_READ_BYTES: Final = 64 * 1024
# What waits to be taken; then the thread stops reading, and the engine has to wait as it writes.
_MOST_WAITING: Final = 256 * 1024


class ByteSource(Protocol):
    """The body of one answer (client.OpenStream)."""

    is_chunked: bool
    content_type: str

    def read(self, most: int) -> bytes:
        """Return what comes next; empty at the end, or after `abort`."""

    def abort(self) -> None:
        """Have `read` return; from any thread."""

    def close(self) -> None:
        """Let go of it, in the thread that reads."""


class EngineStream(Generic[T]):
    """One such answer, taken apart in its thread and handed over in bulk.

    A call across threads for each line costs ten times the line, and is not bounded (measured: 64 µs).
    """

    def __init__(
        self, name: str, open_: Callable[[], ByteSource], parse: Callable[[bytes, str], list[T]]
    ) -> None:
        """Prepare; the first `next` begins.

        Args:
            name: Of the thread.
            open_: Sends the request; runs in the thread.
            parse: What these bytes, and the content type of it all, complete; runs in the thread.
        """
        self._name = name
        self._open = open_
        self._parse = parse
        self._lock = threading.Condition()
        self._items: deque[list[T]] = deque()
        self._waiting = 0
        self._error: EngineError | None = None
        self._ended = self._closed = False
        self._source: ByteSource | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stirred = asyncio.Event()

    async def next(self) -> list[T]:
        """Return what has come since, in order; empty: the answer has ended, or the engine is gone.

        Raises:
            EngineError: The engine refused the request, or did not answer it.
        """
        if self._thread is None and not self._closed:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._work, name=f"engine-{self._name}", daemon=True)
            self._thread.start()
        while True:
            self._stirred.clear()
            with self._lock:
                items = [item for batch in self._items for item in batch]
                self._items.clear()
                self._waiting = 0
                self._lock.notify()
                is_over = self._ended or self._closed
            if items:
                return items
            if is_over:
                if self._error is not None:
                    raise self._error
                return []
            await self._stirred.wait()

    def close(self) -> None:
        """End it: the thread ends at once, whatever the engine does. Once more is no error."""
        with self._lock:
            self._closed = True
            self._items.clear()
            if self._source is not None:
                self._source.abort()
            self._lock.notify()
        self._stirred.set()

    def _work(self) -> None:
        try:
            self._read_all(self._open())
        except EngineError as exc:
            self._error = exc
        except Exception:
            # Whoever waits for the next piece would wait for ever.
            log.exception("an answer of the engine cannot be read by an error of the agent")
            self._error = EngineError(DockerCode.FAILED, "the engine's answer is not understood")
        finally:
            with self._lock:
                self._ended = True
            self._wake()

    def _read_all(self, source: ByteSource) -> None:
        with self._lock:
            if self._closed:
                source.abort()
            self._source = source
        chunks = Dechunker() if source.is_chunked else None
        try:
            while data := source.read(_READ_BYTES):
                if chunks is not None:
                    data = chunks.feed(data)
                self._deliver(self._parse(data, source.content_type), len(data))
                if self._closed or (chunks is not None and chunks.is_ended):
                    return
        except MalformedChunkError as exc:
            raise EngineError(DockerCode.FAILED, str(exc)) from exc
        finally:
            with self._lock:
                self._source = None
                source.close()

    def _deliver(self, items: list[T], size: int) -> None:
        if not items:
            return
        with self._lock:
            while self._waiting > _MOST_WAITING and not self._closed:
                self._lock.wait()
            if self._closed:
                return
            is_first = not self._items
            self._items.append(items)
            self._waiting += size
        if is_first:
            self._wake()

    def _wake(self) -> None:
        # The loop is closed when a thread outlasts the program's end.
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stirred.set)
