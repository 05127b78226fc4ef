"""Whole screens with charts, as text, at a fixed time; reviewed like code.

`UPDATE_SNAPSHOTS=1 pytest tests/tui/screens/test_chart_snapshots.py` writes them anew: look at what changed.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from chatops_tui.app import ChatopsApp
from chatops_tui.config import Settings
from chatops_tui.terminal import Wishes, decide
from chatops_wire.rest import Tokens
from tests.tui.screens.conftest import COLOURS, Ui
from tests.tui.screens.hub_double import HubDouble

FOLDER = Path(__file__).parent / "snapshots"
# Saturday 31 January 2026, 12:00 UTC.
NOW = 1_769_860_800_000
SIZES = [(80, 24), (160, 48)]


@asynccontextmanager
async def standing_still(size: tuple[int, int]) -> AsyncIterator[Ui]:
    """The program before a hub, both at NOW for ever."""
    hub = HubDouble(now_ms=lambda: NOW)
    await hub.start()
    hub.alerts.make("db-01", since_ms=NOW - 150_000, severity="critical")
    hub.alerts.threshold(metric="load.1", value=10.0)
    tokens = Tokens(access_token="access-0", refresh_token="refresh-0")  # noqa: S106 - the double's
    settings = Settings(url=hub.url, username="admin", tokens=tokens)
    terminal = replace(decide(COLOURS, is_tty=True, encoding="UTF-8", wishes=Wishes()), tick_s=0.05)
    app = await asyncio.to_thread(ChatopsApp, settings, terminal, clock_ms=lambda: NOW, draw_every_ms=0)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            ui = Ui(app, pilot)
            await ui.sees("db-01", "● live")
            yield ui
    finally:
        await hub.stop()


def picture(ui: Ui) -> str:
    first, *others = ui.lines()
    # How long the hub took to answer, and where that leaves the words before it.
    first = re.sub(r" +", " ", re.sub(r"● live( [\d.]+ms)?", "● live", first))
    # What the machine allows is told by others' tests.
    others = [re.sub(r"(◇ |allows  ).*", r"\1…", line) for line in others]
    return "\n".join(line.rstrip() for line in [first, *others]) + "\n"


async def agrees(ui: Ui, name: str) -> None:
    """Compare once nothing moves any more."""
    file = FOLDER / f"{name}-{ui.app.size.width}x{ui.app.size.height}.txt"
    before, now = "", picture(ui)
    while before != now:
        before = now
        await ui.pilot.pause(0.3)
        now = picture(ui)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        await asyncio.to_thread(file.write_text, before)
    assert before == await asyncio.to_thread(file.read_text)


@pytest.mark.parametrize("size", SIZES)
async def test_a_server_live(size: tuple[int, int]) -> None:
    async with standing_still(size) as ui:
        await ui.press("enter")
        await ui.sees("1 Overview", "checkpointer", "11:58")
        await agrees(ui, "server-live")


@pytest.mark.parametrize("size", SIZES)
async def test_a_server_twenty_minutes_ago(size: tuple[int, int]) -> None:
    async with standing_still(size) as ui:
        await ui.press("enter")
        await ui.sees("1 Overview", "checkpointer")
        await ui.press("at")
        await ui.sees("Go to a time")
        await ui.type("11:40")
        await ui.press("enter")
        await ui.sees(" PAST ", "11:40:00", "sample 2s before", "then")
        await agrees(ui, "server-past")


@pytest.mark.parametrize("size", SIZES)
async def test_one_chart_with_its_details(size: tuple[int, int]) -> None:
    async with standing_still(size) as ui:
        await ui.press("enter")
        await ui.sees("1 Overview", "checkpointer")
        await ui.press("right_square_bracket", "z")
        await ui.sees("1h [ ]", "cpu.percent", "gaps", "longest")
        await agrees(ui, "server-one-chart")


async def test_three_servers_compared() -> None:
    async with standing_still((80, 24)) as ui:
        await ui.press("g", "space", "space", "space", "c")
        await ui.sees("Compare", "A ", "C ", "max")
        await agrees(ui, "compare")
