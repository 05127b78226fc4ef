"""Containers in a list: of one server and of all, grouped, sorted, filtered, marked, and changed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields

from chatops_wire.client import ContainerMessage
from chatops_wire.codes import ErrorCode
from chatops_wire.containers import ContainerItem
from chatops_wire.rest_docker import ContainerOrder
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.docker_double import DB_CONTAINERS, WEB_CONTAINERS, container
from tests.tui.screens.hub_double import HubDouble

DB, WEB = "id-db-01", "id-web-01"


@pytest.fixture(autouse=True)
def docked(hub: HubDouble) -> HubDouble:
    """db-01 allows everything, web-01 only to look."""
    for server_id, allowed in ((DB, ("docker", "logs", "terminal")), (WEB, ())):
        hub.machines[server_id] = replace(hub.machines[server_id], capabilities=allowed)
    hub.docker.put(DB, DB_CONTAINERS)
    hub.docker.put(WEB, WEB_CONTAINERS)
    return hub


@pytest.fixture
async def tab(start_ui: StartUi) -> AsyncIterator[Ui]:
    """The containers of db-01."""
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("8 Docker")
        await ui.press("8")
        await ui.sees("api-1", "grafana", "5 of 6 run")
        yield ui


@pytest.fixture
async def everywhere(start_ui: StartUi) -> AsyncIterator[Ui]:
    """The containers of all servers."""
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("d")
        await ui.sees("api-1", "web-front", "SERVER")
        yield ui


def names(ui: Ui) -> list[str]:
    """Return what the rows are of, from top to bottom."""
    lines = ui.lines()
    first = next(at for at, line in enumerate(lines) if "CONTAINER" in line) + 1
    rows = [line[3:].split() for line in lines[first:-2]]
    return [words[1] if words[0] in "▾▸" else words[0] for words in rows if words]


async def test_containers_stand_below_their_project_with_state_by_sign_and_word(tab: Ui) -> None:
    assert names(tab)[:6] == ["shop", "api-1", "api-2", "migrate", "postgres", "no"]
    assert "3/4 up" in tab.line_with("shop")
    shown = {
        "api-1": ("●", "healthy", "41.2%", "312M/2.0G"),
        "api-2": ("✖", "unhealthy", "182%", "↻3"),
        "migrate": ("✖", "exited (1)"),
        "batch": ("‖", "paused"),
    }
    for name, parts in shown.items():
        assert [part for part in parts if part not in tab.line_with(name)] == []
    # Colour too, but never alone.
    assert tab.colours_of("healthy") != tab.colours_of("unhealthy")


async def test_how_one_was_killed_is_told_whole(tab: Ui, hub: HubDouble) -> None:
    await hub.docker.change(DB, container("batch", state="exited", exit_code=137), "die")
    await tab.sees("exited (137)")


async def test_figures_and_sparklines_follow_the_samples(tab: Ui, hub: HubDouble) -> None:
    known = hub.docker.containers[DB]
    one = next(one for one in known.values() if one.name == "grafana")
    known[one.id] = with_fields(one, cpu_percent=77.7)
    await hub.tick()
    await tab.sees("77.7%")
    await eventually(lambda: any(mark in tab.line_with("grafana") for mark in "▁▂▃▄▅▆▇"), what="a sparkline")


async def test_enter_folds_a_project_and_u_takes_the_groups_away(tab: Ui) -> None:
    await tab.press("enter")
    await tab.sees("▸ shop")
    await tab.sees_no("api-1")
    await tab.press("enter")
    await tab.sees("▾ shop", "api-1")
    await tab.press("u")
    await tab.sees_no("▾ shop")
    assert names(tab) == ["api-1", "api-2", "batch", "grafana", "migrate", "postgres"]


async def test_sorting_by_a_column_keeps_groups_together(tab: Ui) -> None:
    await tab.press("s")
    await tab.sees("Sort by", "Restarts")
    await tab.press("c", "escape")
    await tab.press("greater_than_sign", "greater_than_sign")
    await tab.sees("CPU▼")
    assert names(tab)[:3] == ["shop", "api-2", "api-1"]
    await tab.press("r")
    await tab.sees("CPU▲")
    await eventually(lambda: names(tab)[0] == "shop" and names(tab)[-2] != "api-2")


async def test_a_filter_knows_names_projects_states_and_figures(tab: Ui) -> None:
    await tab.press("slash")
    await tab.type("project:shop cpu>100")
    await tab.sees("1/6", "api-2")
    await tab.sees_no("postgres")
    await tab.press("enter", "escape")
    await tab.sees("postgres")
    await tab.press("slash")
    await tab.type("nowhere")
    await tab.sees("No container matches the filter")


async def test_stopped_ones_can_be_hidden(tab: Ui) -> None:
    await tab.press("e")
    await tab.sees("1 stopped ones hidden")
    await tab.sees_no("migrate")
    await tab.press("e")
    await tab.sees("migrate")


async def test_what_happens_behind_our_back_is_seen_at_once(tab: Ui, hub: HubDouble) -> None:
    await eventually(lambda: any(("containers", DB) in client.topics for client in hub.clients))
    new = container("fresh", project="shop")
    await hub.docker.change(DB, new, "start")
    await tab.sees("fresh")
    await hub.docker.change(DB, new, "destroy")
    await tab.sees_no("fresh")


async def test_a_restart_is_asked_once_and_shown_while_it_lasts(tab: Ui, hub: HubDouble) -> None:
    hub.docker.gate = asyncio.Event()
    await tab.press("down", "R")
    await tab.sees("Restart?", "Restart api-1 on db-01", "y Restart")
    await eventually(lambda: tab.app.screen.check_action("answer", (True,)) is True, what="armed")
    await tab.press("y")
    await tab.sees("restarting…")
    hub.docker.gate.set()
    await tab.sees("Restarted api-1.")
    await tab.sees_no("restarting…")
    assert hub.docker.asked == [("restart", DB, "api-1", ContainerOrder())]


async def test_no_means_no(tab: Ui, hub: HubDouble) -> None:
    await tab.press("down", "S")
    await tab.sees("Stop?")
    await tab.press("n")
    await tab.sees_no("Stop?")
    await tab.press("down", "U")
    # What runs is not started.
    await tab.sees("api-2 is running: there is nothing to start.")
    assert hub.docker.asked == []


async def test_the_engine_s_own_reason_is_told(tab: Ui, hub: HubDouble) -> None:
    hub.docker.refuse = (409, ErrorCode.CONFLICT, "cannot start: port is already allocated")
    await tab.press("slash")
    await tab.type("migrate")
    await tab.sees("1/6")
    await tab.press("enter", "down", "U")
    await tab.sees("migrate: The hub refused: cannot start: port is already")
    await tab.sees_no("starting…")


async def test_marked_ones_are_changed_together(tab: Ui, hub: HubDouble) -> None:
    await tab.press("u")
    await tab.sees_no("▾ shop")
    await tab.press("space", "space")
    await tab.sees("2 marked")
    await tab.press("P")
    await tab.sees("Pause: 2 containers?", "api-1, api-2")
    await eventually(lambda: tab.app.screen.check_action("answer", (True,)) is True, what="armed")
    await tab.press("y")
    await tab.sees("Paused 2 containers.")
    assert {(action, name) for action, _server, name, _how in hub.docker.asked} == {
        ("pause", "api-1"),
        ("pause", "api-2"),
    }
    # All that are marked are paused now: the same key resumes them.
    await tab.press("P")
    await tab.sees("Resumed 2 containers.")


async def test_a_running_one_is_removed_only_when_its_name_is_typed(tab: Ui, hub: HubDouble) -> None:
    await tab.press("down", "D")
    await tab.sees("Remove?", "It is still running, and killed first.", "Type api-1 to go on.")
    await tab.type("api-1")
    await eventually(lambda: not tab.app.screen.query_one("#confirm-yes").disabled, what="the button")
    await eventually(lambda: tab.app.screen._armed, what="armed")  # type: ignore[attr-defined] # noqa: SLF001
    await tab.press("enter")
    await tab.sees("Removed api-1.")
    assert hub.docker.asked == [("remove", DB, "api-1", ContainerOrder(force=True))]


async def test_the_menu_has_what_has_no_key(tab: Ui, hub: HubDouble) -> None:
    await tab.press("down", "b")
    await tab.sees("api-1", "Send HUP", "Rename")
    assert "Start" not in tab.text().split("┌")[-1].split("Restart")[0]
    await tab.press("end", "enter")
    await tab.sees("Rename api-1", "New name")
    await tab.press("ctrl+u")
    await tab.type("api-one")
    await tab.press("enter")
    await tab.sees("api-one")
    assert hub.docker.asked == [("rename", DB, "api-1", ContainerOrder(name="api-one"))]


async def test_a_whole_project_is_restarted_by_its_agent(tab: Ui, hub: HubDouble) -> None:
    await tab.press("R")
    await tab.sees("Restart: 4 containers?")
    await eventually(lambda: tab.app.screen.check_action("answer", (True,)) is True, what="armed")
    await tab.press("y")
    await tab.sees("Restarted shop on db-01.")
    assert hub.docker.asked == [("restart", DB, "shop", ContainerOrder())]


async def test_one_list_for_all_servers_groups_a_project_across_them(everywhere: Ui) -> None:
    assert "2 servers" in everywhere.line_with("▾ shop")
    assert "web-01" in everywhere.line_with("web-front")
    await everywhere.press("slash")
    await everywhere.type("server:web")
    await everywhere.sees("2/8", "old")
    await everywhere.sees_no("api-1")


async def test_where_only_looking_is_allowed_it_says_how_to_allow_more(
    everywhere: Ui, hub: HubDouble
) -> None:
    await everywhere.press("slash")
    await everywhere.type("front")
    await everywhere.press("enter", "down")
    await everywhere.sees("web-01 only lets you look: start its agent with --allow docker")
    await everywhere.press("R")
    await everywhere.press("E")
    await everywhere.sees("▌ web-01 only lets you look")
    assert hub.docker.asked == []


async def test_what_is_not_allowed_is_left_out_of_a_bulk_and_that_is_said(
    everywhere: Ui, hub: HubDouble
) -> None:
    await everywhere.press("S")
    await everywhere.sees("Stop: 3 containers?", "1 more are left out")
    await eventually(lambda: everywhere.app.screen.check_action("answer", (True,)) is True, what="armed")
    await everywhere.press("y")
    await everywhere.sees("left out: not allowed there.")
    assert {server for _action, server, _name, _how in hub.docker.asked} == {DB}


async def test_the_list_of_all_is_kept_fresh_and_told_changes_of_any_server(
    everywhere: Ui, hub: HubDouble
) -> None:
    await eventually(lambda: any(("containers", None) in client.topics for client in hub.clients))
    await hub.docker.change(WEB, container("canary", project="shop"), "start")
    await everywhere.sees("canary")


async def test_a_machine_whose_engine_is_silent_says_so(start_ui: StartUi, docked: HubDouble) -> None:
    docked.docker.containers[DB] = {}
    docked.docker.engines[DB] = "unavailable"
    docked.docker.reason = "no engine listens on /run/docker.sock"
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter", "8")
        await ui.sees("The Docker engine of db-01 does not answer.", "no engine listens on /run/docker.sock")


async def test_hostile_names_do_nothing_to_the_terminal(tab: Ui, hub: HubDouble) -> None:
    evil = container("evil\x1b]52;c;aGk=\x07\n[bold]x", image="a\x9b31mb")
    await hub.docker.change(DB, evil, "start")
    await tab.sees("evil [bold]x")
    assert "\x1b" not in tab.text()


async def test_an_agent_that_tells_only_names_and_figures_is_shown_too(tab: Ui, hub: HubDouble) -> None:
    await eventually(lambda: any(("containers", DB) in client.topics for client in hub.clients))
    bare = ContainerMessage(
        action="sample", container=ContainerItem(server_id=DB, name="bare", cpu_percent=3.5)
    )
    await hub.docker.send(("containers", DB), bare)
    await tab.sees("bare", "3.5%")


async def test_a_list_fits_a_wide_terminal_and_shows_images(start_ui: StartUi) -> None:
    async with start_ui(size=(160, 40)) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("d")
        await ui.sees("IMAGE", "grafana/grafana:11.3", "NET", "↑")
        # Where there is room below, the one under the cursor is told of.
        await ui.sees("─ shop ─", "● api   ✖ api")
        await ui.press("down", "down")
        await ui.sees("─ api-2 ─", "3 by its restart policy")


async def test_help_lists_the_keys_of_containers(tab: Ui) -> None:
    await tab.press("question_mark")
    await tab.sees("Restart", "Pause or resume", "Rename")
    await tab.press(*["down"] * 12)
    await tab.sees("Hide or show stopped", "Images, volumes, nets")
