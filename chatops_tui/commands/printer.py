"""Where the output of commands goes: stdout and stderr of this program, each a terminal or not."""

import json
import sys
from collections.abc import Iterable
from typing import Any, Final, Protocol

import msgspec

from chatops_tui.commands.outlet import Outlet
from chatops_tui.commands.prefixed import RawLines, TtyLines
from chatops_tui.render.charset import Charset, substitute
from chatops_tui.render.text import clean
from chatops_tui.render.tty_text import TtyText
from chatops_wire.commands import OutputStream

_FDS: Final[dict[OutputStream, int]] = {"stdout": 1, "stderr": 2}
_STREAMS: Final[tuple[OutputStream, ...]] = ("stdout", "stderr")


class _Text(Protocol):
    """What makes of a stream's bytes those that are written."""

    def feed(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class Printer:
    """Both streams of this program. `as_json`: only objects are printed, one a line."""

    def __init__(self, outlet: Outlet, charset: Charset, *, as_json: bool) -> None:
        self.as_json = as_json
        self.charset = charset
        self._outlet = outlet
        self._is_tty = {"stdout": sys.stdout.isatty(), "stderr": sys.stderr.isatty()}

    def whole(self) -> "Passage":
        """Return a passage for the only program: to a terminal made harmless, else byte by byte."""
        return Passage(self._outlet, {stream: self._whole(stream) for stream in _STREAMS})

    def among_others(self, name: str, width: int) -> "Passage":
        """Return a passage for one of several: whole lines, each behind the name."""
        return Passage(self._outlet, {stream: self._among_others(stream, name, width) for stream in _STREAMS})

    async def note(self, lines: Iterable[str]) -> None:
        """Tell people something, on stderr; remote text in it is made harmless."""
        for line in lines:
            shown = substitute(clean(line), self.charset)
            await self._outlet.write(_FDS["stderr"], f"{shown}\n".encode(errors="replace"))

    async def object(self, value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Print one line of JSON."""
        line = json.dumps(msgspec.to_builtins(value))
        await self._outlet.write(_FDS["stdout"], f"{line}\n".encode())

    def _whole(self, stream: OutputStream) -> _Text:
        return _Harmless(TtyText(self.charset)) if self._is_tty[stream] else _AsItIs()

    def _among_others(self, stream: OutputStream, name: str, width: int) -> _Text:
        prefix = f"{substitute(clean(name), self.charset):<{width}} | "
        if self._is_tty[stream]:
            return TtyLines(prefix, self.charset)
        return RawLines(prefix.encode(errors="replace"))


class Passage:
    """The way of one program's two streams to ours."""

    def __init__(self, outlet: Outlet, texts: dict[OutputStream, _Text]) -> None:
        self._outlet = outlet
        self._texts = texts

    async def take(self, stream: OutputStream, data: bytes) -> None:
        """Print what came; OSError as `Outlet.write`."""
        await self._outlet.write(_FDS[stream], self._texts[stream].feed(data))

    async def finish(self) -> None:
        """Print what is left."""
        for stream, text in self._texts.items():
            await self._outlet.write(_FDS[stream], text.finish())


class _AsItIs:
    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Harmless:
    def __init__(self, text: TtyText) -> None:
        self._text = text

    def feed(self, data: bytes) -> bytes:
        return self._text.feed(data).encode(errors="replace")

    def finish(self) -> bytes:
        return self._text.finish().encode(errors="replace")
