"""`chatops recordings` and `chatops play`: which shells were recorded, and what one of them showed."""

import asyncio
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from rich.table import Table

from chatops_tui.client.connect import Hub
from chatops_tui.commands.say import complain, console, drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import UnknownServerError, named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.relay.local import NoTerminalError
from chatops_tui.relay.player import Played, play
from chatops_tui.render import numbers
from chatops_tui.render.recording import Recording, RecordingError, understood
from chatops_tui.store.playback import IDLE_S, Playback
from chatops_wire.rest_commands import TerminalView
from chatops_wire.times import parse_ms

_COLUMNS: Final = ("RECORDING", "OPENED", "SERVER", "LASTED", "SIZE")
# As a shell tells it when its terminal goes away.
_HANGUP: Final = 128 + 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be played: a file here, or the recording of a terminal at the hub."""

    what: str
    speed: float
    all_pauses: bool
    save: str
    """A file to write it to instead; empty: play it."""
    as_json: bool
    """Print it as it is, which is JSON lines."""


def list_recordings(settings: Settings, name: str, count: int, *, as_json: bool) -> int:
    """Show which of the newest terminals were recorded, and return the exit status."""

    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        server_id = named(servers, [name])[0].id if name else ""
        views = await hub.rest.terminals.newest(server_id, limit=count)
        recorded = [view for view in views if view.recorded_bytes is not None]
        names = {server.id: server.name for server in servers}
        if as_json:
            say_json(recorded)
        elif not recorded:
            console(settings).print(drawn(settings, "no recordings"), soft_wrap=True)
        else:
            console(settings).print(_table(settings, recorded, names, time.time()), soft_wrap=False)
        return ExitCode.DONE

    try:
        return with_hub(settings, job)
    except UnknownServerError as exc:
        complain(str(exc))
        return ExitCode.REFUSED


def play_recording(settings: Settings, wanted: Wanted) -> int:
    """Play, save or print a recording, and return the exit status."""
    is_shown = not (wanted.save or wanted.as_json)
    if is_shown and not sys.stdin.isatty():
        complain("a recording needs a terminal to be played in; --save FILE and --json need none")
        return ExitCode.USAGE
    try:
        with TemporaryFile() as file:
            status = _fetched(settings, wanted.what, file)
            if status != ExitCode.DONE:
                return status
            file.seek(0)
            return _shown(wanted, file) if is_shown else _written(wanted, file)
    except (RecordingError, NoTerminalError) as exc:
        complain(f"{wanted.what}: {exc}")
        return ExitCode.REFUSED
    except OSError as exc:
        complain(f"{exc.filename or wanted.what}: {exc.strerror}")
        return ExitCode.REFUSED


def _fetched(settings: Settings, what: str, file: IO[bytes]) -> int:
    """Write the recording to `file`: a file of this name, or what the hub has."""
    if Path(what).is_file():
        with Path(what).open("rb") as known:
            shutil.copyfileobj(known, file)
        return ExitCode.DONE

    async def job(hub: Hub) -> int:
        await hub.rest.terminals.fetch(what, file)
        return ExitCode.DONE

    return with_hub(settings, job)


def _shown(wanted: Wanted, file: IO[bytes]) -> int:
    recording = understood(file)
    played = asyncio.run(_played(wanted, recording))
    if played.kind == "left":
        return ExitCode.DONE
    return _HANGUP if played.kind == "hangup" else 128 + played.number


async def _played(wanted: Wanted, recording: Recording) -> Played:
    playback = Playback(recording, speed=wanted.speed, idle_s=None if wanted.all_pauses else IDLE_S)
    is_utf8 = "utf" in (sys.stdout.encoding or "").lower()
    return await play(recording, Path(wanted.what).name, playback, is_utf8=is_utf8)


def _written(wanted: Wanted, file: IO[bytes]) -> int:
    if not wanted.save:
        shutil.copyfileobj(file, sys.stdout.buffer)
        return ExitCode.DONE
    with Path(wanted.save).open("xb") as kept:
        shutil.copyfileobj(file, kept)
    return ExitCode.DONE


def _table(settings: Settings, views: list[TerminalView], names: dict[str, str], now_s: float) -> Table:
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for title in _COLUMNS:
        grid.add_column(drawn(settings, title, "strong"), no_wrap=True)
    for view in views:
        opened_s = parse_ms(view.opened_at) / 1000
        closed_s = now_s if view.closed_at is None else parse_ms(view.closed_at) / 1000
        texts = (
            view.terminal_id,
            f"{numbers.duration(max(0.0, now_s - opened_s))} ago",
            names.get(view.server_id, view.server_id),
            numbers.duration(max(0.0, closed_s - opened_s)),
            numbers.size(view.recorded_bytes or 0),
        )
        grid.add_row(*(drawn(settings, text) for text in texts))
    return grid
