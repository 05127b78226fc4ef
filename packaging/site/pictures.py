"""Pictures of every screen, and a recording of the first minutes, from the running program: `make pictures`.

It starts a hub and simulated machines (so that no picture shows anything of whoever makes it), opens the UI
in a real pseudo-terminal and presses keys. Each picture becomes docs/images/screens/NAME.svg, the recording
docs/images/first-minutes.cast (asciicast v2: `chatops play`). Needs pyte.
"""

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import aiohttp
import pyte
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from bench.fleet import SimulatedAgent
from bench.machines import fleet
from bench.programs import listening, new_server, post, running
from chatops_wire.agent import Auth
from chatops_wire.commands import Command, CommandOutput, CommandResponse

DOCS: Final = Path(__file__).parents[2] / "docs"
PICTURES: Final = DOCS / "images" / "screens"
CAST: Final = DOCS / "images" / "first-minutes.cast"
SIZE: Final = (110, 32)
PASSWORD: Final = "pictures-password-1"  # noqa: S105 - of a hub that lives as long as this run
_UNTIL_S: Final = 20.0
# Nobody watches a still picture for longer.
_LONGEST_PAUSE_S: Final = 2.0
_DARK: Final = "2e3440 ff646e 5ac88c ebcb8b 5fa5f0 be8ce6 5ad2d2 d8dee9"
_BRIGHT: Final = "6e7687 ff828c 78dca0 f5dca0 82befa d2a5f5 78e1e1 ffffff"


def _rgb(text: str) -> tuple[int, int, int]:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


_THEME: Final = TerminalTheme(
    _rgb("0f1419"), _rgb("d8dee9"), list(map(_rgb, _DARK.split())), list(map(_rgb, _BRIGHT.split()))
)
# Rich's own loads a font from another server.
_SVG: Final = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}</defs>
<rect fill="#0f1419" width="{width}" height="{height}" rx="6"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


NAME: Final = "shop-1"
_DISK: Final = """Filesystem      Size  Used Avail Use% Mounted on
/dev/nvme0n1p2  200G   76G  114G  41% /
"""
_ANSWERS: Final = {"df -h /": _DISK, "uptime -p": "up 6 weeks, 2 days, 4 hours\n"}


class ObligingMachine(SimulatedAgent):
    """One that takes commands, too, and knows what to say to two of them."""

    async def run(self, key: str) -> None:
        """Speak until the connection ends."""
        capabilities = ("metrics", "commands")
        info = fleet(1)[0].info
        await self._send(Auth(api_key=key, epoch=NAME, agent=info, capabilities=capabilities))
        await self._ws.receive()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(), name="listen")
            tasks.create_task(self._speak(), name="speak")

    async def _listen(self) -> None:
        async for frame in self._ws:
            message = self._decoder.decode(frame.data)
            if isinstance(message, Command):
                said = _ANSWERS.get(message.command, "").encode()
                command_id = message.command_id
                await self._send(CommandOutput(command_id=command_id, seq=1, stream="stdout", data=said))
                end = CommandResponse(
                    command_id=command_id,
                    status="succeeded",
                    exit_code=0,
                    duration_ms=23,
                    output_bytes=len(said),
                )
                await self._send(end)


async def oblige(url: str, key: str) -> None:
    """Be that machine until cancelled."""
    async with aiohttp.ClientSession(url) as http:
        ws = await http.ws_connect("/api/v1/agents/ws", compress=0)
        await ObligingMachine(fleet(1)[0], ws).run(key)


@dataclass
class Eye:
    """A terminal of one's own, what is on it, and what has come so far with its times."""

    descriptor: int
    process: "subprocess.Popen[bytes]"
    screen: pyte.Screen
    began_s: float = field(default_factory=time.monotonic)
    events: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stream = pyte.ByteStream(self.screen)

    def look(self, for_s: float = 0.0) -> str:
        """Take in what is drawn for so long and return the screen."""
        end_s = time.monotonic() + for_s
        while True:
            left_s = max(0.0, end_s - time.monotonic())
            if not select.select([self.descriptor], [], [], left_s)[0]:
                return "\n".join(self.screen.display)
            data = os.read(self.descriptor, 65536)
            self._stream.feed(data)
            self.events.append((time.monotonic() - self.began_s, data.decode(errors="replace")))

    def until(self, text: str) -> None:
        """Wait until it is on the screen."""
        end_s = time.monotonic() + _UNTIL_S
        while text not in self.look(0.1):
            if time.monotonic() > end_s:
                raise TimeoutError(f"never saw {text!r}:\n" + "\n".join(self.screen.display))

    def press(self, *keys: str, then_s: float = 1.2) -> None:
        """Type, one after the other as a person does."""
        for key in keys:
            os.write(self.descriptor, key.encode())
            self.look(0.12)
        self.look(then_s)

    def picture(self, name: str) -> None:
        """Keep what is on the screen."""
        columns, rows = self.screen.columns, self.screen.lines
        console = Console(record=True, width=columns, height=rows, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115 - nobody reads it
        for line in range(rows):
            console.print(self._line(line), end="\n", soft_wrap=True)
        svg = console.export_svg(title="", theme=_THEME, code_format=_SVG, unique_id=f"c-{name}")
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")

    def _line(self, line: int) -> Text:
        text = Text(no_wrap=True)
        cells = self.screen.buffer[line]
        # Cells that look alike together: each piece is an element of the picture.
        for style, run in groupby(map(cells.__getitem__, range(self.screen.columns)), key=_style):
            text.append("".join(cell.data for cell in run), style)
        return text


def _style(cell: pyte.screens.Char) -> Style:
    return Style(color=_colour(cell.fg), bgcolor=_colour(cell.bg), bold=cell.bold, reverse=cell.reverse)


def _colour(named: str) -> Color | None:
    if named == "default":
        return None
    words = {"brown": "yellow"}
    with contextlib.suppress(ValueError):
        int(named, 16)
        if len(named) == 6:  # noqa: PLR2004 - rrggbb
            return Color.parse(f"#{named}")
    name = words.get(named, named)
    return Color.parse(name.replace("bright", "bright_") if name.startswith("bright") else name)


@contextlib.contextmanager
def looking(command: list[str], environ: Mapping[str, str]) -> Iterator[Eye]:
    """Run a program in a terminal, and end it."""
    columns, rows = SIZE
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(  # noqa: S603 - our own programs
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=dict(environ)
    )
    os.close(theirs)
    try:
        yield Eye(ours, process, pyte.Screen(columns, rows))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        os.close(ours)


def tour(eye: Eye) -> None:
    """Walk through the program, with a picture of each screen."""
    eye.until("● live")
    eye.look(3.0)
    eye.picture("welcome")
    eye.press("\x1b", then_s=1.0)
    eye.picture("fleet")
    eye.press("u", then_s=1.0)
    eye.press("\x1b[B", "\r", then_s=1.5)
    eye.picture("fleet-groups")
    eye.press("h", then_s=1.5)
    eye.picture("fleet-map")
    eye.press("h", "u", then_s=0.8)
    eye.press("\x1b[A", "\r", then_s=1.0)
    eye.press("?", then_s=1.0)
    eye.picture("help")
    eye.press("\x1b", then_s=0.5)
    eye.press(":", *"shop", then_s=1.0)
    eye.picture("palette")
    eye.press("\x1b", then_s=0.5)
    eye.press("/", *NAME, "\r", then_s=0.8)
    eye.press("\r", then_s=3.0)
    eye.picture("server")
    for number, name in (("2", "processes"), ("3", "disks"), ("4", "network"), ("5", "facts")):
        eye.press(number, then_s=1.5)
        eye.picture(name)
    _console(eye)
    eye.press("\x1b", then_s=0.6)
    eye.press("\x1b", "\x1b", then_s=0.8)
    for key, name in (
        ("a", "alerts"),
        ("\x1bOQ", "settings"),
        ("W", "audit"),
        ("S", "shells"),
        ("d", "containers"),
    ):
        eye.press(key, then_s=2.0)
        eye.picture(name)
        eye.press("\x1b", then_s=0.8)
    eye.press(" ", " ", " ", "c", then_s=2.5)
    eye.picture("compare")
    eye.press("\x1b", then_s=0.8)


def _console(eye: Eye) -> None:
    display = eye.look()
    tab = next((word for word in ("7", "6", "8") if f"{word} Console" in display), "")
    if not tab:
        return
    eye.press(tab, then_s=0.8)
    eye.press(*"df -h /", "\r", then_s=1.5)
    eye.press(*"uptime -p", "\r", then_s=1.5)
    eye.picture("console")


def write_cast(eye: Eye) -> None:
    """Keep what was drawn as a recording, long pauses shortened."""
    columns, rows = SIZE
    head = {"version": 2, "width": columns, "height": rows, "title": "ChatOps: the first minutes"}
    lines, shown_s, before_s = [json.dumps(head)], 0.0, 0.0
    for at_s, text in eye.events:
        shown_s += min(at_s - before_s, _LONGEST_PAUSE_S)
        before_s = at_s
        lines.append(json.dumps([round(shown_s, 3), "o", text]))
    CAST.write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """A hub with machines, this one among them; yield its address and who is admin there."""
    secret = {"CHATOPS_ADMIN_PASSWORD": PASSWORD, "CHATOPS_PASSWORD": PASSWORD}
    with listening(
        ["chatops_server", "run", "--port", "0", "--data-dir", str(folder / "hub"), "--log-level", "warning"],
        secret,
    ) as (url, _):
        token = str(post(url, "/auth/login", {"username": "admin", "password": PASSWORD})["access_token"])
        _, key = new_server(url, token, NAME)
        # A process of its own, as the machines are: this one is busy looking.
        obliging = [sys.executable, __file__, "--oblige", url]
        with (
            subprocess.Popen(obliging, env={**os.environ, "CHATOPS_API_KEY": key}) as machine,  # noqa: S603 - ourselves
            contextlib.ExitStack() as ended,
            running(["bench.fleet", "--url", url, "--servers", "12"], secret),
        ):
            ended.callback(machine.terminate)
            yield url, {"username": "admin", "token": token}


def main() -> int:
    """Make them all and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oblige", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.oblige:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(oblige(options.oblige, os.environ["CHATOPS_API_KEY"]))
        return 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chatops-pictures-") as name:
        folder = Path(name)
        with stage(folder) as (url, who):
            environ = {
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "LC_ALL": "C.UTF-8",
                "TZ": "UTC",
                "CHATOPS_PASSWORD": PASSWORD,
            }
            command = [sys.executable, "-m", "chatops_tui.cli", "--url", url, "--username", who["username"]]
            with looking(command, environ) as eye:
                tour(eye)
                write_cast(eye)
    return 0


if __name__ == "__main__":
    sys.exit(main())
