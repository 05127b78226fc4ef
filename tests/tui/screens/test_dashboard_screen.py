"""Dashboards: shown, read again when saved, with what is wrong in them, and what to do without one."""

import asyncio
from pathlib import Path

import pytest

from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble

BOARDS = """\
[[dashboard]]
name = "Web"
columns = 2

[[dashboard.panel]]
title = "Two lines"
kind = "chart"
servers = "web-*"
metrics = "cpu.percent"

[[dashboard.panel]]
title = "Warm"
kind = "heat"
servers = ["tag:api", "db-*"]
metrics = "cpu.percent"

[[dashboard.panel]]
title = "All of them"
kind = "table"
metrics = ["cpu.percent", "server.up"]

[[dashboard.panel]]
title = "Worst"
kind = "number"
metrics = ["disk.percent", "load.1"]

[[dashboard]]
name = "Other"
[[dashboard.panel]]
kind = "chart"
servers = "nobody"
metrics = "load.1"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "boards.toml"
    path.write_text(BOARDS)
    return path


async def opened(ui: Ui) -> None:
    await ui.sees("db-01", "● live")
    await ui.press("b")
    await ui.sees("Dashboards")


async def test_every_kind_of_panel_is_drawn(start_ui: StartUi, file: Path, hub: HubDouble) -> None:
    async with start_ui(size=(120, 36), dashboards=str(file)) as ui:
        await opened(ui)
        await ui.sees("Web", "Two lines", "A web-01", "B web-02", "Warm", "api-03", "All of them", "Worst")
        await ui.sees("server.up", "max of", "disk.percent", "db-01")
        assert "░" in ui.text() or "▒" in ui.text()
        await eventually(lambda: ("id-web-01", 3_600_000) in hub.histories)
        assert ("id-cache-01", 3_600_000) not in hub.histories


async def test_tab_and_b_go_to_another(start_ui: StartUi, file: Path) -> None:
    async with start_ui(size=(120, 36), dashboards=str(file)) as ui:
        await opened(ui)
        await ui.sees("Two lines")
        await ui.press("tab")
        await ui.sees("Other", "no server is meant by nobody")
        await ui.press("shift+tab")
        await ui.sees("Two lines")
        await ui.press("b")
        await ui.sees("Dashboard", "Other")
        await ui.press("j", "enter")
        await ui.sees("no server is meant by nobody")


async def test_it_is_read_again_when_it_is_saved(start_ui: StartUi, file: Path) -> None:
    async with start_ui(size=(120, 36), dashboards=str(file)) as ui:
        await opened(ui)
        await ui.sees("Two lines")
        await asyncio.to_thread(file.write_text, BOARDS.replace("Two lines", "Renamed by hand"))
        await ui.sees("Renamed by hand")
        await asyncio.to_thread(file.write_text, BOARDS.replace('kind = "heat"', 'kind = "pie"'))
        await ui.sees("line 13: kind: 'pie' is none of", "no server is meant by nobody")
        await asyncio.to_thread(file.write_text, BOARDS)
        await ui.sees_no("line 13")


async def test_times_move_charts_and_heat_maps_and_figures_say_now(start_ui: StartUi, file: Path) -> None:
    async with start_ui(size=(120, 36), dashboards=str(file)) as ui:
        await opened(ui)
        await ui.sees("Two lines", "All of them")
        await ui.press("left")
        await ui.sees("PAST", " now ─")
        await ui.press("0")
        await ui.sees_no("PAST")
        await ui.press("plus")
        await ui.press("space")
        await ui.sees("frozen")
        await ui.press("space", "escape")
        await ui.sees_no("Two lines")


async def test_without_a_file_it_teaches_how_to_make_one(start_ui: StartUi, tmp_path: Path) -> None:
    path = tmp_path / "later.toml"
    async with start_ui(dashboards=str(path)) as ui:
        await opened(ui)
        await ui.sees("There are no dashboards yet", str(path)[:40], "[[dashboard.panel]]")
        await asyncio.to_thread(path.write_text, BOARDS)
        await ui.sees("Two lines")


async def test_a_file_that_is_no_text_is_said(start_ui: StartUi, tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_bytes(b"\xff\xfe\x00")
    async with start_ui(dashboards=str(path)) as ui:
        await opened(ui)
        await ui.sees("it is no UTF-8 text", "No dashboard can be shown")


async def test_hostile_names_stay_text(start_ui: StartUi, tmp_path: Path) -> None:
    path = tmp_path / "hostile.toml"
    path.write_text(
        '[[dashboard]]\nname = "[red]x[/]\\u001b[31m"\n[[dashboard.panel]]\ntitle = "[b]\\u202e\\u0007"\n'
        'kind = "table"\nmetrics = "cpu.percent"\n'
    )
    async with start_ui(dashboards=str(path)) as ui:
        await opened(ui)
        await ui.sees("[red]x[/]", "[b]")
        assert not any(ord(letter) < 32 or letter == "\u202e" for line in ui.lines() for letter in line)


async def test_the_palette_opens_one_by_its_name(start_ui: StartUi, file: Path) -> None:
    async with start_ui(dashboards=str(file)) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("ctrl+p")
        await ui.type("dashboard oth")
        await ui.sees("Dashboard Other", "from dashboards.toml")
        await ui.press("enter")
        await ui.sees("Dashboards › Other")  # noqa: RUF001 - the breadcrumb
        # One that was just written down is offered too.
        await asyncio.to_thread(file.write_text, BOARDS.replace("Other", "Newest"))
        await ui.press("ctrl+p")
        await ui.type("newest")
        await ui.sees("Dashboard Newest")
