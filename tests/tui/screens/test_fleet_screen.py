"""The fleet: what it shows, and every key."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble
from tests.tui.screens.synthetic import FLEET, Machine


async def test_every_server_is_seen_with_its_figures_and_the_most_urgent_first(ui: Ui) -> None:
    rows = ui.rows()
    assert len(rows) == len(FLEET)
    assert rows[0] == "db-01"
    assert rows[-1] == "laptop-new"
    assert "▲" in ui.line_with("build-01")
    line = ui.line_with("api-03")
    assert "12d" in line
    assert "↓" in line
    assert "91%" in ui.line_with("db-01")


async def test_nothing_is_cut_off_at_80x24(ui: Ui) -> None:
    # The first frames may still be of a table and charts that have not shared the height yet.
    await eventually(lambda: "└" in ui.lines()[-2])
    lines = ui.lines()
    assert len(lines) == 24
    assert all(len(line) == 80 for line in lines)
    assert lines[0].rstrip().endswith(tuple("0123456789"))
    assert "SERVER" in lines[1]
    assert lines[1].rstrip().endswith("UP")
    assert "? Help" in lines[-1]
    assert "q Quit" in lines[-1]


async def test_the_status_bar_counts(ui: Ui) -> None:
    bar = ui.lines()[0]
    assert "chatops" in bar
    assert "● live" in bar
    assert "✖ 1" in bar
    assert "○ 2" in bar


async def test_an_offline_server_says_since_when_and_keeps_its_last_figures(ui: Ui) -> None:
    line = ui.line_with("edge-07")
    assert "offline" in line
    assert "6m ago" in line
    assert "61%" in line
    assert "no agent yet" in ui.line_with("laptop-new")


async def test_the_detail_follows_the_cursor_and_its_server_is_watched(ui: Ui, hub: HubDouble) -> None:
    await ui.sees("─ db-01 ─")
    await ui.press("j")
    await ui.sees("─ edge-07 ─")
    await eventually(lambda: any(("metrics", "id-edge-07") in client.topics for client in hub.clients))
    assert not any(("metrics", "id-db-01") in client.topics for client in hub.clients)
    await ui.press("k")
    await ui.sees("─ db-01 ─")
    await ui.press("G")
    await ui.sees("─ laptop-new ─")
    await ui.press("g")
    await ui.sees("─ db-01 ─")


async def test_slash_filters_as_one_types_and_escape_clears(ui: Ui) -> None:
    await ui.press("slash")
    await ui.type("tag:web")
    await ui.sees("2/12")
    assert ui.rows() == ["web-01", "web-02"]
    await ui.press("enter")
    assert ui.rows() == ["web-01", "web-02"]
    await ui.press("slash", "backspace", "backspace", "backspace")
    await ui.type("nothing")
    await ui.sees("No server matches the filter")
    await ui.press("escape")
    await eventually(lambda: len(ui.rows()) == len(FLEET))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status:offline", ["edge-07"]),
        ("!env=prod", ["edge-07", "build-01", "laptop-new"]),
        ("db mem>70", ["db-01"]),
        ("disk>90", ["db-01"]),
    ],
)
async def test_the_filter_knows_terms(ui: Ui, text: str, expected: list[str]) -> None:
    await ui.press("slash")
    await ui.type(text)
    await eventually(lambda: ui.rows() == expected, what=text)


async def test_sorting_by_menu_and_by_keys(ui: Ui) -> None:
    await ui.press("s")
    await ui.sees("Sort by", "Network", "Uptime")
    await ui.press("down", "enter")
    await ui.sees("SERVER▲")
    assert ui.rows()[:2] == ["api-01", "api-02"]
    await ui.press("r")
    await ui.sees("SERVER▼")
    assert ui.rows()[0] == "web-02"
    await ui.press("greater_than_sign")
    await ui.sees("CPU▼")
    assert ui.rows()[0] == "db-01"
    await ui.press("less_than_sign", "less_than_sign")
    await eventually(lambda: ui.rows()[-1] == "laptop-new")
    await ui.press("s", "escape")
    await ui.sees_no("Sort by")


async def test_the_cursor_stays_on_its_server_when_the_order_changes(ui: Ui) -> None:
    await ui.press("j")
    await ui.sees("─ edge-07 ─")
    await ui.press("greater_than_sign")
    await ui.sees("SERVER▲")
    assert ui.rows().index("edge-07") > 1
    assert "─ edge-07 ─" in ui.text()


async def test_updates_are_drawn(ui: Ui, hub: HubDouble) -> None:
    await hub.change(replace(hub.machines["id-web-01"], disk=98.0))
    await eventually(lambda: "98%" in ui.line_with("web-01"))
    assert "✖ 2" in ui.lines()[0]


async def test_a_server_that_goes_away_leaves_the_table(ui: Ui, hub: HubDouble) -> None:
    machine = hub.machines["id-web-02"]
    await hub.change(replace(machine, status="offline"))
    await eventually(lambda: "offline" in ui.line_with("web-02"))


async def test_capital_p_freezes_and_lets_go_on(ui: Ui, hub: HubDouble) -> None:
    await ui.press("P")
    await ui.sees("frozen")
    await hub.change(replace(hub.machines["id-web-01"], disk=98.0))
    memory = ui.app.store.server("id-web-01")
    assert memory is not None
    await eventually(lambda: memory.row.vitals is not None and memory.row.vitals.disk == 98.0)
    assert "98%" not in ui.line_with("web-01")
    await ui.press("P")
    await eventually(lambda: "98%" in ui.line_with("web-01"))
    assert "frozen" not in ui.text()


async def test_brackets_change_the_range_and_ask_for_its_history(ui: Ui, hub: HubDouble) -> None:
    await eventually(lambda: ("id-db-01", 300_000) in hub.histories)
    await ui.press("right_square_bracket")
    await eventually(lambda: ("id-db-01", 3_600_000) in hub.histories)
    await ui.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
    await eventually(lambda: ("id-db-01", 7 * 86_400_000) in hub.histories)
    await ui.press("left_square_bracket")
    await eventually(lambda: ("id-db-01", 86_400_000) in hub.histories)
    assert len(hub.histories) == len(set(hub.histories))


async def test_an_empty_fleet_says_what_to_press(start_ui: StartUi, hub: HubDouble) -> None:
    hub.machines.clear()
    async with start_ui() as ui:
        await ui.sees("No servers yet", "Press a to add one")
        for key in ("A", "a"):
            await ui.press(key)
            await ui.sees("Add a server")
            await ui.press("escape")
            await ui.sees("No servers yet")


async def test_before_the_hub_answers_it_says_so(start_ui: StartUi, hub: HubDouble) -> None:
    await hub.stop()
    async with start_ui() as ui:
        await ui.sees("No connection to the hub at", "connection refused", "Enter now", "q quit")
        await hub.start()
        await ui.press("enter")
        await ui.sees("db-01")


async def test_many_servers_scroll(start_ui: StartUi, hub: HubDouble) -> None:
    hub.machines = {
        machine.id: machine for machine in (Machine(f"n{n:03}", (), 10, 10, 10) for n in range(300))
    }
    async with start_ui() as ui:
        await ui.sees("n000")
        await ui.press("G")
        await ui.sees("n299")
        assert ui.rows()[-1] == "n299"
        await ui.press("pageup", "home")
        await ui.sees("n000")


@pytest.mark.parametrize("size", [(120, 36), (160, 48), (200, 50)])
async def test_larger_terminals_show_more_of_the_server(start_ui: StartUi, size: tuple[int, int]) -> None:
    async with start_ui(size=size) as ui:
        await ui.sees("TAGS", "env=prod", "NET ↓", "DISK r", "● live")
        assert all(len(line) == size[0] for line in ui.lines())


async def test_one_server_on_a_wide_terminal_gets_the_whole_room(start_ui: StartUi, hub: HubDouble) -> None:
    hub.machines = {FLEET[0].id: FLEET[0]}
    async with start_ui(size=(160, 48)) as ui:
        await ui.sees("TOP", "checkpointer", "/var")
        assert "┘" not in ui.text()
        heads = [line for line in ui.lines() if "CPU" in line and "MEM" in line and "─" in line]
        assert len(heads) == 1


async def test_too_small_a_terminal_gets_what_matters_most(ui: Ui) -> None:
    await ui.pilot.resize_terminal(59, 24)
    await ui.sees("This terminal is too small: 60x16 at least.", "✖ 1", "✖ db-01")
    assert "q Quit" not in ui.text()
    await ui.pilot.resize_terminal(80, 15)
    await ui.sees("This terminal is too small: 60x16 at least.", "○ edge-07 offline")
    await ui.pilot.resize_terminal(24, 3)
    await ui.sees("✖ 1", "✖ db-01", "60x16 at least")
    assert "edge-07" not in ui.text()
    await ui.pilot.resize_terminal(24, 1)
    await ui.sees("✖ 1")
    assert "at least" not in ui.text()
    await ui.pilot.resize_terminal(60, 16)
    await ui.sees("db-01", "q Quit")


async def test_the_tour_tells_what_to_press_until_escape(start_ui: StartUi) -> None:
    async with start_ui(tour=True) as ui:
        await ui.sees("WELCOME", "choose a server", "adds a machine", "esc hides this", "db-01")
        await ui.press("j")
        await ui.sees("─ edge-07 ─")
        await ui.press("escape")
        await ui.sees_no("WELCOME")


async def test_enter_opens_and_q_comes_back_and_then_leaves(ui: Ui) -> None:
    await ui.press("enter")
    await ui.sees("1 Overview")
    await ui.press("q")
    await ui.sees_no("1 Overview")
    await ui.press("q")
    await eventually(lambda: not ui.app.is_running)


async def test_order_and_range_are_those_one_chose_last_time(
    start_ui: StartUi, hub: HubDouble, tmp_path: Path
) -> None:
    async with start_ui(state=tmp_path) as ui:
        await ui.sees("db-01", "● live")
        assert "▼" not in ui.line_with("SERVER")
        await ui.press("s")
        await ui.sees("Sort by")
        await ui.press("j", "j", "enter", "right_square_bracket")
        await ui.sees("▼")
        titles = ui.line_with("SERVER")
        await eventually(lambda: ui.app.kept.view.range == "1h")
    hub.histories.clear()
    async with start_ui(state=tmp_path) as ui:
        await ui.sees("db-01", "● live", "▼")
        assert ui.line_with("SERVER") == titles
        await eventually(lambda: any(span == 3_600_000 for _server, span in hub.histories))
