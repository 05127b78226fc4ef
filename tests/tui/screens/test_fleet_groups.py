"""The fleet in groups, as a map, and summed up."""

from pathlib import Path

from chatops_tui.widgets.heat_map import HeatMap
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble
from tests.tui.screens.synthetic import FLEET, Machine


async def test_servers_are_grouped_by_tag_folded_and_back(ui: Ui) -> None:
    await ui.press("u")
    await ui.sees("Group by")
    await ui.press("down", "enter")
    await ui.sees("▾ env=ci")
    await ui.sees("n=9")
    rows = ui.rows()
    assert rows.index("build-01") < rows.index("db-01")
    await ui.press("g", "enter")
    await ui.sees("▸ env=ci")
    assert "build-01" not in ui.rows()
    await ui.press("enter")
    await ui.sees("▾ env=ci")
    await ui.press("u", "up", "enter")
    await ui.sees_no("▾ env=ci")


async def test_a_group_stands_for_its_servers(ui: Ui) -> None:
    await ui.press("u", "down", "enter")
    await ui.sees("▾ env=ci")
    await ui.press("g", "space", "c")
    await ui.sees("build-01")
    await ui.sees("Compare")


async def test_the_map_shows_every_server_and_opens_one(ui: Ui) -> None:
    await ui.press("h")
    await ui.sees("CPU in percent")
    heat_map = ui.app.screen.query_one(HeatMap)
    assert sum(len(line.tiles) for line in heat_map._lines) == len(FLEET)  # noqa: SLF001 - what it has laid out
    await ui.press("m")
    await ui.sees("memory in percent")
    await ui.press("m")
    await ui.sees("fullest disk in percent")
    first = heat_map.cursor
    await ui.press("right")
    assert heat_map.cursor != first
    await ui.press("left")
    assert heat_map.cursor == first
    await ui.press("end")
    await ui.sees("─ laptop-new ─")
    await ui.press("home", "enter")
    await ui.sees("1 Overview")
    await ui.press("escape")
    await ui.sees("fullest disk in percent")
    await ui.press("h")
    await ui.sees("SERVER")


async def test_the_map_is_narrowed_by_the_filter(ui: Ui) -> None:
    await ui.press("h")
    await ui.sees("CPU in percent")
    await ui.press("slash")
    await ui.type("tag:web")
    heat_map = ui.app.screen.query_one(HeatMap)
    await eventually(lambda: sum(len(line.tiles) for line in heat_map._lines) == 2)  # noqa: SLF001 - likewise
    await ui.press("enter", "escape")
    await eventually(lambda: sum(len(line.tiles) for line in heat_map._lines) == len(FLEET))  # noqa: SLF001 - likewise


async def test_what_does_not_fit_is_summed_up(hub: HubDouble, start_ui: StartUi) -> None:
    more = (Machine(f"node-{n:03}", ("env=test",), 20, 30, 40) for n in range(40))
    hub.machines |= {machine.id: machine for machine in more}
    async with start_ui() as ui:
        await ui.sees("50 of 52 online")
        line = ui.line_with("of 52 online")
        assert "most" in line
        assert "DISK" in line
        assert not line.rstrip().endswith("…")


async def test_groups_and_map_are_remembered(start_ui: StartUi, tmp_path: Path) -> None:
    async with start_ui(state=tmp_path) as ui:
        await ui.sees("db-01")
        await ui.press("u", "down", "enter")
        await ui.sees("▾ env=ci")
        await ui.press("h", "m")
        await ui.sees("memory in percent")
    async with start_ui(state=tmp_path) as ui:
        await ui.sees("memory in percent", " env=ci")
