"""One container: charts, environment, configuration, processes; and what stands there when it is gone."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields

from chatops_wire.codes import ErrorCode
from chatops_wire.rest_docker import ContainerOrder
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.docker_double import DB_CONTAINERS
from tests.tui.screens.hub_double import HubDouble

DB = "id-db-01"
POSTGRES = next(one for one in DB_CONTAINERS if one.name == "postgres")


@pytest.fixture
async def page(start_ui: StartUi, hub: HubDouble) -> AsyncIterator[Ui]:
    """Postgres on db-01, which allows everything."""
    hub.machines[DB] = replace(hub.machines[DB], capabilities=("docker", "logs", "terminal"))
    hub.docker.put(DB, (POSTGRES,))
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("d")
        await ui.sees("postgres")
        await ui.press("down", "enter")
        await ui.sees("1 Overview", "2 Logs", "postgres:17")
        yield ui


async def test_charts_of_cpu_and_memory_with_the_facts_below(page: Ui, hub: HubDouble) -> None:
    await page.sees("─ CPU 12.5%", "─ MEM 30.3G", "14 processes", "127.0.0.1:5432->5432/tcp", "shop / db")
    assert page.text().count("└") == 2
    await eventually(lambda: any(("metrics", DB) in client.topics for client in hub.clients))
    await eventually(lambda: (DB, 300_000) in hub.histories)
    await page.press("right_square_bracket")
    await eventually(lambda: (DB, 3_600_000) in hub.histories)
    await page.sees("1h [ ]")


async def test_live_samples_move_the_figures(page: Ui, hub: HubDouble) -> None:
    known = hub.docker.containers[DB]
    known[POSTGRES.id] = with_fields(POSTGRES, cpu_percent=88.8, throttled_percent=40.0)
    await hub.tick()
    await page.sees("─ CPU 88.8%", "throttled 40% of the time")


async def test_secrets_are_told_only_to_an_admin_who_asks(page: Ui, hub: HubDouble) -> None:
    await page.press("3")
    await page.sees("POSTGRES_PASSWORD", "••• (12)", "/var/lib/postgresql/data")
    assert hub.docker.revealed == 0
    await page.press("V")
    await page.sees("open-sesame")
    assert hub.docker.revealed == 1
    await page.press("V")
    await page.sees("••• (12)")


async def test_where_nothing_is_revealed_it_says_so_and_shows_the_rest(page: Ui, hub: HubDouble) -> None:
    hub.docker.reveals = False
    await page.press("3")
    await page.sees("••• (12)")
    await page.press("V")
    await page.sees("▌", "this machine reveals no values")
    await page.sees("POSTGRES_PASSWORD", "••• (12)")
    assert hub.docker.revealed == 0


async def test_configuration_has_ports_mounts_networks_limits_and_labels(page: Ui) -> None:
    await page.press("4")
    await page.sees("postgres -c max_connections=200", "127.0.0.1:5432", "pgdata", "read only", "172.18.0.4")
    await page.press("G")
    await page.sees("LIMITS", "1.5", "2.0G", "pg_isready", "com.docker.compose.project", "core")
    assert "\x1b" not in page.text()


async def test_processes_stand_as_the_engine_tells_them(page: Ui) -> None:
    await page.press("5")
    await page.sees("PID", "18211", "postgres: checkpointer")


async def test_what_the_agent_does_not_allow_is_said_in_its_place(page: Ui, hub: HubDouble) -> None:
    hub.docker.refuse = (
        403,
        ErrorCode.NOT_ALLOWED,
        "the agent of db-01 does not allow this (--allow docker)",
    )
    await page.press("3")
    await page.sees("✖", "does not allow this (--allow docker)")


async def test_actions_have_the_same_keys_as_in_the_list(page: Ui, hub: HubDouble) -> None:
    await page.press("S")
    await page.sees("Stop?", "Stop postgres on db-01")
    await eventually(lambda: page.app.screen.check_action("answer", (True,)) is True, what="armed")
    await page.press("y")
    await page.sees("Stopped postgres.", "exited (0)")
    assert hub.docker.asked == [("stop", DB, "postgres", ContainerOrder())]


async def test_one_that_is_removed_meanwhile_is_told_as_gone(page: Ui, hub: HubDouble) -> None:
    await eventually(lambda: any(("containers", DB) in client.topics for client in hub.clients))
    await hub.docker.change(DB, POSTGRES, "destroy")
    await page.sees("It was removed; this is its last state.", "removed")
    await page.press("escape")
    await page.sees("No server you see has a container.")
