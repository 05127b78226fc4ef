"""One server: tabs, ranges, zoom, processes; and what stands there while it is offline."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_fields

from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble


@pytest.fixture
async def page(ui: Ui) -> Ui:
    """db-01, open."""
    await ui.press("enter")
    await ui.sees("1 Overview", "checkpointer", "NET ↓")
    return ui


async def test_four_charts_with_axes_and_the_busiest_processes_fit_80x24(page: Ui) -> None:
    lines = page.lines()
    text = page.text()
    assert "Fleet › db-01" in lines[0]  # noqa: RUF001 - the breadcrumb's arrow
    assert text.count("└") == 4
    assert text.count("100%┤") == 2
    assert "/s" in page.line_with("DISK r")
    assert "✖ critical" in text
    assert "Debian GNU/Linux 12" in text
    assert "PID" in lines[18]
    # Which of them is the fourth changes with each sample.
    assert all(line.split()[0].isdecimal() for line in lines[19:23])
    assert lines[23].rstrip().endswith("q Back")


async def test_it_is_watched_while_it_is_open_and_draws_live_samples(page: Ui, hub: HubDouble) -> None:
    await eventually(lambda: any(("metrics", "id-db-01") in client.topics for client in hub.clients))
    await eventually(lambda: ("id-db-01", 300_000) in hub.histories)
    before = page.line_with("checkpointer")
    await hub.tick()
    await eventually(lambda: page.line_with("checkpointer") != before)


async def test_enter_is_offered_only_where_it_opens_something(page: Ui) -> None:
    await page.press("question_mark")
    await page.sees("Keys: Fleet", "In the list")
    assert "⏎" not in page.text()
    await page.press("escape", "enter")
    await page.sees("1 Overview")


async def test_digits_and_tab_show_the_tabs(page: Ui) -> None:
    await page.press("2")
    await page.sees("the busiest 16 of 212 processes", "redis-server", "MEM%")
    await page.press("3")
    await page.sees("MOUNT", "/var", "200G", "WRITE/s", "DISK r")
    await page.press("4")
    await page.sees("INTERFACE", "wg0", "ERRORS", "NET ↓")
    await page.press("5")
    await page.sees("EVENTS", "agent connected", "kernel", "6.1.0-28-amd64", "EPYC", "TEMPERATURES")
    await page.press("tab")
    await page.sees("There is no Docker on db-01")
    await page.press("tab")
    await page.sees("checkpointer")
    await page.press("shift+tab", "shift+tab")
    await page.sees("EVENTS")


async def test_a_click_on_a_tab_shows_it_also_where_names_are_shortened(page: Ui, hub: HubDouble) -> None:
    await hub.change(replace(hub.machines["id-db-01"], capabilities=("logs", "commands")))
    await page.sees("1 Overview", "2 Procs", "4 Net", "8 Docker", "5m [ ]")
    line = page.lines()[1]
    await page.pilot.click("#tabs", offset=(line.index("4 Net") + 2, 0))
    await page.sees("INTERFACE", "4 Network")
    line = page.lines()[1]
    await page.pilot.click("#tabs", offset=(line.index("8 Docker"), 0))
    await page.sees("There is no Docker on db-01", "2 Processes")


async def test_ranges_have_keys_and_long_ones_show_the_gap(page: Ui, hub: HubDouble) -> None:
    await page.press("right_square_bracket")
    await eventually(lambda: ("id-db-01", 3_600_000) in hub.histories)
    await page.sees("1h [ ]")
    plot = page.line_with("100%┤")
    filled = page.lines()[page.lines().index(plot) + 2].split("┤")[-1]
    assert " " in filled.strip("┈ ") or "┈" in filled.strip("┈ ")
    await page.press("right_square_bracket", "right_square_bracket")
    await page.sees("7d [ ]")
    await page.press("left_square_bracket")
    await page.sees("24h [ ]")


async def test_z_makes_one_chart_after_another_large_and_escape_ends_that(page: Ui) -> None:
    for title in ("─ CPU", "─ MEM", "─ NET", "─ DISK", "─ LOAD", "─ SPACE"):
        await page.press("z")
        await page.sees(title)
        await eventually(lambda: page.text().count("└") == 1)
    await page.press("z")
    await eventually(lambda: page.text().count("└") == 4)
    await page.press("z")
    await eventually(lambda: page.text().count("└") == 1)
    await page.press("escape")
    await eventually(lambda: page.text().count("└") == 4)


async def test_a_server_that_is_opened_again_shows_nothing_of_the_last_time(page: Ui, hub: HubDouble) -> None:
    await eventually(lambda: hub.latest_asked == ["id-db-01"])
    await page.press("escape", "G")
    await page.sees("─ laptop-new")
    memory = page.app.store.server("id-db-01")
    assert memory is not None
    await eventually(lambda: memory.sample is None)
    await page.press("g", "enter")
    await page.sees("1 Overview", "checkpointer")
    await eventually(lambda: hub.latest_asked == ["id-db-01", "id-db-01"])


async def test_a_frozen_screen_stands_still_and_can_be_looked_at(page: Ui, hub: HubDouble) -> None:
    await page.press("space")
    await page.sees("frozen")
    line = page.line_with("checkpointer")
    await hub.change(replace(hub.machines["id-db-01"], cpu=5))
    await hub.tick()
    await page.press("2")
    await page.sees("redis-server", "the busiest 16")
    await page.press("s")
    await page.sees("Sort by")
    await page.press("home", "enter")
    await page.sees("PID▲")
    await page.press("3")
    await page.sees("MOUNT", "/var")
    await page.press("1", "z")
    await page.sees("min")
    await page.press("z", "z", "z", "z", "z", "z")
    await page.sees("frozen", line.strip())
    await page.press("right_square_bracket")
    await page.sees("1h [ ]")
    await page.sees_no("frozen", line.strip())


async def test_another_user_sees_nothing_that_was_frozen(page: Ui) -> None:
    await page.press("space")
    await page.sees("frozen")
    page.app.store.reset()
    await page.sees_no("frozen", "checkpointer")


async def test_processes_sort_and_filter(page: Ui) -> None:
    await page.press("2")
    await page.sees("CPU%▼", "redis-server")
    await page.press("s")
    await page.sees("Sort by")
    await page.press("home", "enter")
    await page.sees("PID▲")
    await page.press("r")
    await page.sees("PID▼")
    assert "-bash" in page.lines()[3]
    await page.press("less_than_sign")
    await page.sees("COMMAND▲")
    await page.press("greater_than_sign")
    await page.sees("PID▲")
    await page.press("slash")
    await page.type("user:postgres")
    await page.sees("3/16")
    assert "redis-server" not in page.text()
    await page.press("enter", "escape")
    await page.sees("redis-server", "1 Overview")
    await page.press("escape")
    await page.sees_no("1 Overview")


async def test_an_offline_server_keeps_its_last_values_and_says_since_when(ui: Ui) -> None:
    await ui.press("j", "enter")
    await ui.sees("○ offline since", "(6m)", "checkpointer")
    await ui.press("5")
    await ui.sees("offline since", "Debian")


async def test_a_server_without_an_agent_says_so(ui: Ui) -> None:
    await ui.press("G", "enter")
    await ui.sees("no agent yet", "no samples yet", "This server has not sent a sample yet")
    assert "loading" not in ui.text()
    await ui.press("5")
    await ui.sees("no agent yet", "EVENTS")


async def test_samples_without_processes_are_not_waited_for(page: Ui) -> None:
    memory = page.app.store.server("id-db-01")
    assert memory is not None
    await eventually(lambda: memory.sample is not None)
    assert memory.sample is not None
    memory.sample = replace_fields(memory.sample, processes=())
    await page.sees("carry no processes")


async def test_going_offline_is_seen_at_once(page: Ui, hub: HubDouble) -> None:
    await hub.change(replace(hub.machines["id-db-01"], status="offline"))
    await page.sees("○ offline since")


async def test_a_server_that_is_deleted_meanwhile_leaves_a_sentence(page: Ui, hub: HubDouble) -> None:
    await hub.forget("id-db-01")
    await page.sees("This server is no longer there", "Esc goes back")
    await page.press("escape")
    await page.sees("web-01")


async def test_new_events_appear(page: Ui, hub: HubDouble) -> None:
    await page.press("5")
    await page.sees("EVENTS")
    await hub.say("id-db-01", "agent connected from 10.0.3.9")
    await page.sees("agent connected from 10.0.3.9")


@pytest.mark.parametrize("size", [(160, 48), (200, 50)])
async def test_a_wide_terminal_shows_facts_disks_and_events_beside_the_charts(
    start_ui: StartUi, size: tuple[int, int]
) -> None:
    async with start_ui(size=size) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("─ HOST", "─ DISKS", "─ NETWORKS", "─ EVENTS", "agent connected", "dockerd", "/var")
        assert all(len(line) == size[0] for line in ui.lines())


async def test_the_smallest_terminal_shows_charts_only(start_ui: StartUi) -> None:
    async with start_ui(size=(60, 16)) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("1 Overview", "NET ↓", "q Back")
        assert ui.text().count("└") == 4
