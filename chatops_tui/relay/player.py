"""A recording played in this terminal, with keys to pause, go faster and go to another place in it."""

import asyncio
import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from chatops_tui.relay.local import LocalTerminal
from chatops_tui.relay.modes import Modes
from chatops_tui.relay.signals import caught
from chatops_tui.render.recording import Recording, Shown
from chatops_tui.render.replayed import BLANK, Replay
from chatops_tui.render.text import clean, cut
from chatops_tui.store.playback import Playback

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
_STEP_S: Final = 10.0

Deed = Literal["pause", "faster", "slower", "idle", "forward", "back", "again", "leave"]

_KEYS: Final[Mapping[bytes, Deed]] = {
    b" ": "pause",
    b"+": "faster",
    b"-": "slower",
    b"i": "idle",
    b"\x1b[C": "forward",
    b"\x1bOC": "forward",
    b"l": "forward",
    b"\x1b[D": "back",
    b"\x1bOD": "back",
    b"h": "back",
    b"0": "again",
    b"q": "leave",
    b"\x03": "leave",
    b"\x1d": "leave",
    b"\x1b": "leave",
}
# A function key is several bytes that begin as Esc does.
_KEY: Final = re.compile(rb"\x1b[\[O][0-9;]*[A-Za-z~]|[\x00-\xff]")
_HELP: Final = "q leaves  space goes on  ← → 10 s  + - speed  i pauses  0 again"


@dataclass(frozen=True, slots=True)
class Played:
    """How it ended: somebody left, this terminal is gone, or this program is to end."""

    kind: Literal["left", "hangup", "signal"]
    number: int = 0
    """The signal's."""


async def play(recording: Recording, title: str, playback: Playback, *, is_utf8: bool = True) -> Played:
    """Play a recording in the terminal of standard input until somebody leaves; what it shows is harmless.

    As with `show_shell` the terminal is given back as it was, whatever happens, and has to be free.

    Raises:
        NoTerminalError: There is none.
    """
    local = LocalTerminal()
    try:
        player = _Player(recording, title, playback, local, is_utf8=is_utf8)
        signals = {number: partial(player.leave_for, number) for number in _ENDING}
        heard = caught({**signals, signal.SIGWINCH: player.resized, signal.SIGCONT: player.continued})
        with heard, local.lent(player.last_words):
            return await player.run()
    finally:
        local.close()


class _Player:
    def __init__(
        self, recording: Recording, title: str, playback: Playback, local: LocalTerminal, *, is_utf8: bool
    ) -> None:
        self._recording = recording
        self._title = title
        self._playback = playback
        self._local = local
        self._encoding = "utf-8" if is_utf8 else "ascii"
        self._replay = Replay()
        self._modes = Modes()
        self._typed: asyncio.Queue[Deed] = asyncio.Queue(64)
        """What was pressed; more than this in one picture is dropped."""
        self._has_news = asyncio.Event()
        self._is_new_size = False
        self._ended: Played | None = None

    async def run(self) -> Played:
        """Play until it is over for the viewer."""
        keys = asyncio.create_task(self._read_keys(), name="player-keys")
        try:
            # What stands here moves up into what one can scroll back to.
            await self._local.write(b"\r\n" * self._local.size.rows)
            await self._start_anew(())
            await self._play()
        except OSError:
            self._end(Played("hangup"))
        finally:
            keys.cancel()
            with suppress(asyncio.CancelledError):
                await keys
        return self._ended or Played("left")

    def last_words(self) -> bytes:
        """Return what undoes what was drawn in modes, and begins a line of its own."""
        return self._modes.undo() + b"\x1b[4l\r\n"

    def leave_for(self, number: signal.Signals) -> None:
        """End, because this program is to end."""
        self._end(Played("signal", number))

    def resized(self) -> None:
        """Draw for the new size."""
        self._is_new_size = True
        self._has_news.set()

    def continued(self) -> None:
        """Take the terminal again, after this program was stopped."""
        self._local.make_raw()
        self.resized()

    def _end(self, played: Played) -> None:
        self._ended = self._ended or played
        self._has_news.set()

    async def _read_keys(self) -> None:
        while data := await self._local.read():
            for key in _KEY.findall(data):
                deed = _KEYS.get(key)
                if deed is not None and not self._typed.full():
                    self._typed.put_nowait(deed)
            self._has_news.set()
        self._end(Played("hangup"))

    async def _play(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._ended is None:
            began = clock()
            due_in_s = self._playback.due_in_s
            if due_in_s is None:
                await self._write(self._status())
            with suppress(TimeoutError):
                async with asyncio.timeout(due_in_s):
                    await self._has_news.wait()
            self._has_news.clear()
            await self._show(self._playback.advance(clock() - began))
            if self._is_new_size:
                self._is_new_size = False
                await self._start_anew(self._playback.again())
            while not self._typed.empty():
                await self._do(self._typed.get_nowait())

    async def _do(self, deed: Deed) -> None:
        playback = self._playback
        was_still = playback.due_in_s is None
        match deed:
            case "pause":
                playback.is_paused = not playback.is_paused
            case "faster" | "slower":
                playback.faster(1 if deed == "faster" else -1)
            case "idle":
                playback.toggle_idle()
            case "forward":
                await self._show(playback.forward(_STEP_S))
            case "back" | "again":
                playback.is_paused = False
                await self._start_anew(playback.back(_STEP_S if deed == "back" else playback.lasts_s))
                return
            case "leave":
                self._end(Played("left"))
        if was_still:
            # The status stands where the recording may have something.
            await self._start_anew(playback.again())

    async def _start_anew(self, pieces: Sequence[Shown]) -> None:
        """Show these on a blank screen."""
        self._replay = Replay()
        await self._local.write(self._modes.undo() + BLANK.encode())
        size = self._local.size
        if size.cols < self._recording.cols or size.rows < self._recording.rows:
            wanted = f"{self._recording.cols}x{self._recording.rows}"
            await self._write(
                f"[chatops: recorded at {wanted}, larger than this terminal of {size.cols}x{size.rows}]\r\n"
            )
        await self._show(pieces)

    async def _show(self, pieces: Sequence[Shown]) -> None:
        for piece in pieces:
            if piece.kind == "output":
                await self._write(self._replay.feed(piece.text))

    async def _write(self, text: str) -> None:
        data = text.encode(self._encoding, errors="replace")
        self._modes.feed(data)
        await self._local.write(data)

    def _status(self) -> str:
        playback, size = self._playback, self._local.size
        place = f"{_minutes(playback.place_s)}/{_minutes(playback.lasts_s)} {playback.speed:g}x"
        state = "over" if playback.is_over else "paused"
        pauses = "short pauses" if playback.skips_idle else "all pauses"
        said = cut(f" {state} {place}, {pauses}  {clean(self._title, 60)}  {_HELP} ", size.cols - 1)
        return f"\x1b[{size.rows};1H\x1b[0;7m{said}\x1b[0m\x1b[K"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
