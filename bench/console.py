"""Commands through hub and agent: the round trip, 1 GB of output, and how soon a printed byte arrives.

A real hub, a real agent and one client on this machine; beside them the same by ssh over a connection kept
open (ControlMaster), where sshd is at hand, and by a local shell. Linux only (/proc).
"""

import argparse
import asyncio
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import aiohttp
import msgspec

from bench.figures import Figure, Process, progress, publish
from bench.programs import listening, new_server, post, running
from bench.ssh_server import Ssh, ssh_to_here
from chatops_wire.client import AuthToken, Subscribe
from chatops_wire.codec import encode
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.rest_commands import CommandCreate, CommandView

Socket = aiohttp.ClientWebSocketResponse[Literal[False]]

# The project's bars (docs/performance.md).
ROUND_TRIP_BAR_MS: Final = 15.0
OUTPUT_BAR_MB_S: Final = 30.0
GROWTH_BAR_MB: Final = 50.0
LIVE_BAR_MS: Final = 50.0
OUTPUT: Final = "output"
TURNS: Final = 200
PRINTS: Final = 100
_MB: Final = 1_000_000
# One file, told as often as needed: making a gigabyte would cost more CPU than passing it on.
_FILE_MB: Final = 50
_ONLINE_WITHIN_S: Final = 30.0
_LONG_S: Final = 600.0
# Prints when it prints, by a clock that all processes of a machine share.
_TELLER: Final = (
    "import time\n"
    f"for _ in range({PRINTS}):\n"
    "    print(time.monotonic_ns(), flush=True)\n"
    "    time.sleep(0.05)\n"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A hub with one agent that runs commands."""

    url: str
    token: str
    server_id: str
    hub: Process
    agent: Process


class Client:
    """A program that runs commands."""

    def __init__(self, place: Place, http: aiohttp.ClientSession) -> None:
        """Ask over this session."""
        self._place = place
        self._http = http

    async def order(self, command: str, *, wait: bool, max_output: int = 0) -> CommandView:
        """Return what the hub answers to a command."""
        order = CommandCreate(
            server_id=self._place.server_id,
            command=command,
            wait=wait,
            max_output=max_output,
            timeout_s=_LONG_S,
        )
        async with self._http.post("/api/v1/commands/", data=encode(order)) as answer:
            answer.raise_for_status()
            return msgspec.json.decode(await answer.read(), type=CommandView)


class Feed:
    """A live connection that follows one command at a time."""

    def __init__(self, ws: Socket) -> None:
        """Take an open connection that has authenticated."""
        self._ws = ws
        self._decoder = msgspec.json.Decoder(CommandOutput | CommandFinished)

    async def subscribe(self, command_id: str) -> None:
        """Follow a command; its output and end come by `next`."""
        await self._ws.send_frame(
            encode(Subscribe(id=command_id, topic="command", command_id=command_id)), aiohttp.WSMsgType.TEXT
        )

    async def next(self) -> CommandOutput | CommandFinished:
        """Return the next part of a command's output, or its end."""
        while True:
            frame = await self._ws.receive(_LONG_S)
            if frame.type is not aiohttp.WSMsgType.TEXT:
                raise ConnectionError(f"the hub ended the connection: {frame.data} {frame.extra}")
            if b'"type":"command_' in frame.data[:64]:
                message: CommandOutput | CommandFinished = self._decoder.decode(frame.data)
                return message


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000, help="of output passed through (1000)")
    megabytes = parser.parse_args().megabytes
    with tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder, ssh_to_here() as ssh:
        text = Path(folder) / "text"
        text.write_text("".join(f"{secrets.token_hex(40)}\n" for _ in range(_FILE_MB * _MB // 81)))
        publish(_measured(Path(folder), ssh, ["cat", *[str(text)] * max(1, megabytes // _FILE_MB)]))


def _measured(folder: Path, ssh: Ssh | None, cat: list[str]) -> list[Figure]:
    password = secrets.token_urlsafe()
    hub = ["chatops_server", "run", "--port", "0", "--data-dir", str(folder / "hub")]
    with listening(hub, {"CHATOPS_ADMIN_PASSWORD": password}) as (url, hub_pid):
        token = post(url, "/auth/login", {"username": "admin", "password": password})["access_token"]
        server_id, key = new_server(url, token, "here")
        agent = [
            "chatops_agent",
            "run",
            "--url",
            url,
            "--allow",
            "commands",
            "--log-level",
            "warning",
            "--data-dir",
            str(folder / "agent"),
        ]
        with running(agent, {"CHATOPS_API_KEY": key}) as process:
            place = Place(url, token, server_id, Process(hub_pid), Process(process.pid))
            return asyncio.run(_all_figures(place, ssh, cat))


async def _all_figures(place: Place, ssh: Ssh | None, cat: list[str]) -> list[Figure]:
    headers = {"Authorization": f"Bearer {place.token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(place.url, headers=headers) as http:
        await _until_online(http, place.server_id)
        figures = await _round_trips(Client(place, http), ssh)
        ws = await http.ws_connect("/api/v1/ws", compress=0, max_msg_size=0, decode_text=False)
        await ws.send_frame(encode(AuthToken(token=place.token)), aiohttp.WSMsgType.TEXT)
        feed = Feed(ws)
        try:
            figures += await _live_bytes(Client(place, http), feed)
            figures += await _much_output(place, Client(place, http), feed, cat)
        finally:
            await ws.close()
    return figures if ssh is None else figures + _ssh_output(ssh, cat, figures)


async def _round_trips(client: Client, ssh: Ssh | None) -> list[Figure]:
    progress(f"{TURNS} commands, one after the other")
    here, through, by_ssh = [], [], []
    for turn in range(TURNS + 10):
        began = time.perf_counter()
        view = await client.order("true", wait=True)
        between = time.perf_counter()
        if view.status != "succeeded":
            raise RuntimeError(f"not run: {view}")
        _silent(["/bin/sh", "-c", "true"])
        ended = time.perf_counter()
        if ssh is not None:
            _silent([*ssh.command, "true"])
        # The first ones find everything cold.
        if turn >= 10:  # noqa: PLR2004 - see above
            through.append(between - began)
            here.append(ended - between)
            by_ssh.append(time.perf_counter() - ended)
    added = _median_ms(through) - _median_ms(here)
    figures = [
        Figure(name="command, median", value=_median_ms(through), unit="ms"),
        Figure(name="command, 99 %", value=_late_ms(through), unit="ms"),
        Figure(name="local sh -c true, median", value=_median_ms(here), unit="ms"),
        Figure(name="command beyond local", value=added, unit="ms", bar=ROUND_TRIP_BAR_MS),
    ]
    if ssh is not None:
        figures += [
            Figure(name="ssh (ControlMaster), median", value=_median_ms(by_ssh), unit="ms"),
            Figure(name="command / ssh", value=_median_ms(through) / _median_ms(by_ssh), unit="x"),
        ]
    return figures


async def _live_bytes(client: Client, feed: Feed) -> list[Figure]:
    progress(f"{PRINTS} lines, each followed on its way")
    view = await client.order(f"exec {sys.executable} -u -c '{_TELLER}'", wait=False, max_output=_MB)
    await feed.subscribe(view.command_id)
    ways: list[float] = []
    while isinstance(message := await feed.next(), CommandOutput):
        heard = time.monotonic_ns()
        ways += [(heard - int(line)) / 1e9 for line in message.data.split()]
    if len(ways) != PRINTS:
        raise RuntimeError(f"{len(ways)} lines came, not {PRINTS}: {message}")
    return [
        # Once it runs; before that a client waits for the round trip above and Python's own start.
        Figure(name="byte printed to byte seen, median", value=_median_ms(ways), unit="ms"),
        Figure(name="the same, 99 %", value=_late_ms(ways), unit="ms", bar=LIVE_BAR_MS),
    ]


async def _much_output(place: Place, client: Client, feed: Feed, cat: list[str]) -> list[Figure]:
    size = _size(cat)
    progress(f"{size / _MB:,.0f} MB of output")
    before, cpu_before, agent_before = place.hub.resident_mb(), place.hub.cpu_s(), place.agent.resident_mb()
    peak, agent_peak = before, agent_before
    began = time.perf_counter()
    view = await client.order(" ".join(cat), wait=False, max_output=2**40)
    await feed.subscribe(view.command_id)
    seen, look_at = 0, 0
    while isinstance(message := await feed.next(), CommandOutput):
        seen += len(message.data)
        if seen >= look_at:
            look_at = seen + _MB
            peak, agent_peak = max(peak, place.hub.resident_mb()), max(agent_peak, place.agent.resident_mb())
    seconds = time.perf_counter() - began
    if (message.status, message.output_bytes, seen) != ("succeeded", size, size):
        raise RuntimeError(f"{seen} of {size} bytes came: {message}")
    cpu_s = place.hub.cpu_s() - cpu_before
    return [
        Figure(name=OUTPUT, value=size / _MB / seconds, unit="MB/s", bar=OUTPUT_BAR_MB_S, bar_is="at least"),
        Figure(name="hub memory grows by", value=peak - before, unit="MB", bar=GROWTH_BAR_MB),
        Figure(name="agent memory grows by", value=agent_peak - agent_before, unit="MB"),
        Figure(name="hub CPU", value=cpu_s * 1000 / (size / _MB), unit="ms/MB"),
    ]


def _ssh_output(ssh: Ssh, cat: list[str], figures: list[Figure]) -> list[Figure]:
    size = _size(cat)
    progress(f"{size / _MB:,.0f} MB by ssh")
    began = time.perf_counter()
    _silent([*ssh.command, *cat])
    by_ssh = size / _MB / (time.perf_counter() - began)
    ours = next(figure.value for figure in figures if figure.name == OUTPUT)
    return [
        Figure(name="output by ssh", value=by_ssh, unit="MB/s"),
        Figure(name="output / output by ssh", value=ours / by_ssh, unit="x"),
    ]


def _size(cat: list[str]) -> int:
    return sum(Path(name).stat().st_size for name in cat[1:])


async def _until_online(http: aiohttp.ClientSession, server_id: str) -> None:
    async with asyncio.timeout(_ONLINE_WITHIN_S):
        while True:
            async with http.get(f"/api/v1/servers/{server_id}") as answer:
                if (await answer.json())["status"] == "online":
                    return
            await asyncio.sleep(0.05)


def _silent(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603 - ours


def _median_ms(seconds: Sequence[float]) -> float:
    return sorted(seconds)[len(seconds) // 2] * 1000


def _late_ms(seconds: Sequence[float]) -> float:
    return sorted(seconds)[len(seconds) * 99 // 100] * 1000


if __name__ == "__main__":
    main()
