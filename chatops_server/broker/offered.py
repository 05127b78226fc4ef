"""Frames of streams on their way to one peer: whoever has more than there is room for waits."""

import asyncio
from collections import deque
from typing import Final

MAX_OFFERED_BYTES: Final = 256 * 1024


class OfferedFrames:
    """A queue in order. While MAX_OFFERED_BYTES are waiting, so does `put`; nothing is ever dropped."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._has_room = asyncio.Event()

    def __len__(self) -> int:
        return len(self._frames)

    async def put(self, frame: bytes) -> None:
        """Queue a frame when there is room. Cancelling is safe."""
        while self._bytes >= MAX_OFFERED_BYTES:
            self._has_room.clear()
            await self._has_room.wait()
        self._frames.append(frame)
        self._bytes += len(frame)

    def take(self) -> bytes | None:
        """Return the next frame, None when there is none."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self._bytes -= len(frame)
        if self._bytes <= MAX_OFFERED_BYTES // 2:
            self._has_room.set()
        return frame
