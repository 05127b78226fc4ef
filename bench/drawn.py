"""From the moment an agent takes a sample to the moment the UI has drawn it: a real agent, hub and UI.

The UI shows a server on 160x48 in a pseudo-terminal, so its agent samples each second. A client beside it
says which samples there were and when it was told; what the UI wrote is replayed to find when their processor
line stood on the screen. The UI draws by a clock of its own, once a second, so most of that time is the wait
for its next picture. When pictures were due is taken from the earliest of them, as if that had taken no time.
Needs pyte (a development package). Linux only (pty).
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import pyte

from bench.figures import Figure, progress, publish
from bench.programs import listening, new_server, post, running
from bench.terminal import Terminal, in_terminal
from chatops_wire.client import AuthToken, MetricsEvent, Subscribe
from chatops_wire.codec import encode
from chatops_wire.times import parse_ms

PASSWORD: Final = "bench-password-1"  # noqa: S105 - of a hub that lives as long as this run
SIZE: Final = (160, 48)
BAR: Final = 150.0
# chatops_tui/app.py: not sooner than 0.95 s after the last one, looked at each 0.25 s.
PICTURE_S: Final = 1.0
_SETTLE_S: Final = 6.0
_NAME: Final = "here"
_LINE: Final = re.compile(r"CPU +(\d+)%.*? user (\d+) sys (\d+) io (\d+)")

Shown = tuple[int, ...]
"""The processor's percent: all, user, system, waiting for disks."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A sample, when it was taken and when a client was told (Unix seconds), what the UI is to show of it."""

    at_s: float
    told_s: float
    shown: Shown


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.drawn", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder:
        taken, drawn = _looked_at(Path(folder), seconds)
    seen = list(_seen(taken, drawn))
    if not seen:
        raise RuntimeError("no sample was seen on the screen")
    due_s = _due(sorted(at_s % PICTURE_S for _, at_s in seen))
    over = [sample.told_s - sample.at_s + (at_s - due_s) % PICTURE_S for sample, at_s in seen]
    publish(
        [
            _part("sample taken to a client told, 95 %", [one.told_s - one.at_s for one, _ in seen], 0.95),
            _part("sample taken to drawn, median", [at_s - one.at_s for one, at_s in seen], 0.5),
            _part("sample taken to drawn, 95 %", [at_s - one.at_s for one, at_s in seen], 0.95),
            _part("the same over the wait for the next picture, 95 %", over, 0.95, BAR),
            Figure(name="samples that were told from those before", value=len(seen), unit=""),
        ]
    )


def _due(phases: Sequence[float]) -> float:
    """Return the earliest one: the one with the longest silence before it."""
    before = [phases[-1] - PICTURE_S, *phases[:-1]]
    return max(zip(before, phases, strict=True), key=lambda pair: pair[1] - pair[0])[1]


def _part(name: str, seconds: Sequence[float], part: float, bar: float | None = None) -> Figure:
    value = sorted(seconds)[int(len(seconds) * part)] * 1000
    return Figure(name=name, value=value, unit="ms", bar=bar)


def _looked_at(folder: Path, seconds: float) -> tuple[list[Taken], list[tuple[float, Shown]]]:
    environ = {
        **{
            name: value
            for name, value in os.environ.items()
            if name not in ("SSH_CONNECTION", "SSH_TTY", "TMUX")
        },
        "CHATOPS_ADMIN_PASSWORD": PASSWORD,
        "CHATOPS_PASSWORD": PASSWORD,
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
    }
    hub = ["chatops_server", "run", "--port", "0", "--data-dir", str(folder / "hub")]
    with listening(hub, environ) as (url, _):
        token = str(post(url, "/auth/login", {"username": "admin", "password": PASSWORD})["access_token"])
        server_id, key = new_server(url, token, _NAME)
        agent = ["chatops_agent", "run", "--url", url, "--data-dir", str(folder / "agent")]
        look = environ | {"CHATOPS_URL": url, "CHATOPS_USERNAME": "admin"}
        command = (sys.executable, "-m", "chatops_tui.cli", _NAME)
        with (
            running(agent, {**environ, "CHATOPS_API_KEY": key}),
            _following(url, token, server_id) as taken,
            _open(command, look) as terminal,
        ):
            progress(f"a server's screen for {seconds:g} s")
            time.sleep(seconds)
            return list(taken), _drawn(terminal)


@contextlib.contextmanager
def _open(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[Terminal]:
    with in_terminal(command, environ, SIZE) as terminal:
        terminal.waits_for("● live".encode(), 30.0)
        # Takes the welcome of a first run away, which covers no number but moves them.
        terminal.press(b"\x1b")
        time.sleep(1.0)
        terminal.press(b"\r")
        time.sleep(_SETTLE_S)
        yield terminal


@contextlib.contextmanager
def _following(url: str, token: str, server_id: str) -> Iterator[list[Taken]]:
    taken: list[Taken] = []
    loop = asyncio.new_event_loop()
    task = loop.create_task(_follow(url, token, server_id, taken))

    def serve() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=serve, name="client", daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


async def _follow(url: str, token: str, server_id: str, taken: list[Taken]) -> None:
    decoder = msgspec.json.Decoder(MetricsEvent)
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/api/v1/ws", compress=0) as ws:
        await ws.send_frame(encode(AuthToken(token=token)), aiohttp.WSMsgType.TEXT)
        await ws.send_frame(encode(Subscribe(topic="metrics", server_id=server_id)), aiohttp.WSMsgType.TEXT)
        async for frame in ws:
            with contextlib.suppress(msgspec.ValidationError):
                event = decoder.decode(frame.data)
                cpu = event.cpu
                numbers = (cpu.percent, cpu.user, cpu.system, cpu.iowait)
                shown = tuple(round(number or 0.0) for number in numbers)
                taken.append(Taken(parse_ms(event.timestamp) / 1000, time.time(), shown))


def _drawn(terminal: Terminal) -> list[tuple[float, Shown]]:
    """Return when the processor line came to say what."""
    screen: Any = pyte.Screen(*SIZE)
    stream = pyte.ByteStream(screen)
    output, begin = bytes(terminal.output), 0
    drawn: list[tuple[float, Shown]] = []
    for at_s, end in list(terminal.moments):
        stream.feed(output[begin:end])
        begin = end
        found = next(filter(None, map(_LINE.search, screen.display)), None)
        if found is not None:
            shown = tuple(map(int, found.groups()))
            if not drawn or drawn[-1][1] != shown:
                drawn.append((at_s, shown))
    return drawn


def _seen(taken: Sequence[Taken], drawn: Sequence[tuple[float, Shown]]) -> Iterator[tuple[Taken, float]]:
    """Yield each sample that was drawn and differs from the one before, and when it was."""
    for before, sample in itertools.pairwise(taken):
        if sample.shown == before.shown:
            continue
        later = (at_s for at_s, shown in drawn if at_s >= sample.at_s and shown == sample.shown)
        at_s = next(later, None)
        # Beyond it is another sample that looks the same.
        if at_s is not None and at_s - sample.at_s < _SETTLE_S:
            yield sample, at_s


if __name__ == "__main__":
    main()
