"""The past of a container: its charts zoomed, panned and read, its figures of another moment."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields

from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.docker_double import DB_CONTAINERS
from tests.tui.screens.hub_double import HubDouble

DB = "id-db-01"
POSTGRES = next(one for one in DB_CONTAINERS if one.name == "postgres")


@pytest.fixture
async def page(start_ui: StartUi, hub: HubDouble) -> AsyncIterator[Ui]:
    """Postgres on db-01, opened from the server's own list."""
    hub.machines[DB] = replace(hub.machines[DB], capabilities=("docker", "logs", "terminal"))
    hub.docker.put(DB, (POSTGRES,))
    hub.alerts.threshold(metric="container.cpu_percent:postgres", value=12.0, name="greedy")
    hub.alerts.threshold(metric="container.cpu_percent:postgres-2", value=21.0, name="another's")
    async with start_ui(size=(110, 36)) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("8 Docker", "checkpointer")
        await ui.press("8")
        await ui.sees("postgres")
        yield ui


async def opened(page: Ui) -> None:
    await page.press("down", "enter")
    await page.sees("1 Overview", "2 Logs", "─ CPU 12.5%", "─ MEM 30.3G")


async def go(ui: Ui, text: str) -> None:
    await ui.press("at")
    await ui.sees("Go to a time")
    await ui.type(text)
    await ui.press("enter")


async def test_a_moment_shows_its_figures_under_a_crosshair(page: Ui, hub: HubDouble) -> None:
    await opened(page)
    hub.docker.containers[DB][POSTGRES.id] = with_fields(POSTGRES, cpu_percent=77.7, memory_used=2**30)
    await go(page, "-2h")
    await page.sees(" PAST ", "2h ago", "sample 2s before", "77.7% of one core", "1.0G", "No more was kept")
    await page.sees_no("2 Logs", "postgres:17")
    server_id, asked_ms = hub.moments[-1]
    assert (server_id, abs(hub.now_ms() - asked_ms - 7_200_000) < 60_000) == (DB, True)
    await page.press("comma")
    await eventually(lambda: hub.moments[-1][1] < asked_ms)
    await page.press("S", "2")
    await page.sees_no("Stop postgres", "2 Logs")
    await page.press("escape")
    await page.sees_no(" PAST ")
    await page.sees("2 Logs", "postgres:17")


async def test_the_charts_are_zoomed_panned_and_frozen(page: Ui, hub: HubDouble) -> None:
    await opened(page)
    await page.press("minus")
    await page.sees("15m [ ]")
    await eventually(lambda: (DB, 3_600_000) in hub.histories)
    await page.press("left")
    await page.sees(" PAST ", "3m 4")
    await page.press("right")
    await page.sees_no(" PAST ")
    await page.press("space")
    await page.sees("frozen ")
    await page.press("space")
    await page.sees_no("frozen ")


async def test_a_large_chart_tells_figures_and_thresholds_of_this_container(page: Ui) -> None:
    await opened(page)
    await page.press("z")
    await page.sees(
        "container.cpu_percent ", "95%", "gaps", "container.cpu_percent:postgres > 12%", "greedy", "12%┤"
    )
    assert "another's" not in page.text()
    await page.press("z")
    await page.sees("container.memory_used ")
    await page.sees_no("─ CPU")
    await page.press("escape")
    await page.sees("─ CPU", "─ MEM", "postgres:17")
    await page.press("escape")
    await page.sees("8 Docker")


async def test_the_list_of_a_moment_opens_that_moment_and_back_leads_to_it(page: Ui) -> None:
    await go(page, "-1h")
    await page.sees(" PAST ", "sample 2s before", "postgres")
    await page.press("down", "enter")
    await page.sees("db-01 › postgres", " PAST ", "1h ago", "of one core")  # noqa: RUF001 - the breadcrumb's arrow
    await page.press("escape")
    await page.sees("8 Docker", " PAST ", "1h ago")
    await page.press("enter")
    await page.sees("› postgres", "of one core")  # noqa: RUF001 - likewise
    await page.press("0")
    await page.sees_no(" PAST ")
    await page.sees("postgres:17", "2 Logs")


async def test_one_that_was_not_there_says_so(page: Ui, hub: HubDouble) -> None:
    await opened(page)
    del hub.docker.containers[DB][POSTGRES.id]
    await go(page, "-3h")
    await page.sees(" PAST ", "It did not run at this moment")
