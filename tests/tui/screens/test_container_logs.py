"""Logs of containers: one, a whole project across machines, marked by a regular expression."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields

from chatops_wire.streams import LogSource
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.docker_double import container
from tests.tui.screens.hub_double import HubDouble

DB, WEB = "id-db-01", "id-web-01"
API = container("api", project="shop")
FRONT = container("front", project="shop")
ALONE = container("alone")


@pytest.fixture(autouse=True)
def docked(hub: HubDouble) -> HubDouble:
    """A project on two machines; both show logs."""
    for server_id in (DB, WEB):
        hub.machines[server_id] = replace(hub.machines[server_id], capabilities=("logs",))
    hub.docker.put(DB, (API, ALONE))
    hub.docker.put(WEB, (FRONT,))
    return hub


@pytest.fixture
async def everywhere(start_ui: StartUi) -> AsyncIterator[Ui]:
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("d")
        await ui.sees("api", "front", "alone")
        yield ui


def source(one: str, tail: int) -> LogSource:
    return LogSource(container=one, tail=tail)


async def followed(hub: HubDouble, *ids: str) -> None:
    wanted = {("logs", one) for one in ids}
    await eventually(lambda: any(wanted <= client.topics for client in hub.clients), what="a follower")


async def test_a_project_is_read_as_one_log_across_machines(everywhere: Ui, hub: HubDouble) -> None:
    await everywhere.press("l")
    await everywhere.sees("─ shop ── ● following", "2 servers › Logs")  # noqa: RUF001 - the breadcrumb's arrow
    await followed(hub, API.id, FRONT.id)
    await hub.logs.write(source(API.id, 250), "query took 3 ms")
    await hub.logs.write(source(FRONT.id, 250), "GET / 200", server_id=WEB)
    await everywhere.sees("db-01/api", "query took 3 ms", "web-01/front", "GET / 200", "2 lines")
    await everywhere.press("escape")
    await eventually(lambda: not any(topic == "logs" for client in hub.clients for topic, _ in client.topics))


async def test_one_log_has_no_names_in_front(everywhere: Ui, hub: HubDouble) -> None:
    await everywhere.press("G", "l")
    await everywhere.sees("─ alone ── ● following")
    await followed(hub, ALONE.id)
    await hub.logs.write(source(ALONE.id, 500), "hello")
    await everywhere.sees("hello")
    assert "alone" not in everywhere.line_with("hello")


async def test_what_matches_is_marked_and_found(everywhere: Ui, hub: HubDouble) -> None:
    await everywhere.press("G", "l")
    await everywhere.sees("● following")
    await followed(hub, ALONE.id)
    await hub.logs.write(source(ALONE.id, 500), *(f"line {n}" for n in range(60)))
    await everywhere.sees("line 59")
    await everywhere.press("h")
    await everywhere.type("line (3|7)$")
    await everywhere.sees("2 lines")
    await everywhere.press("enter", "N")
    await everywhere.sees("line 7")
    await everywhere.press("N")
    await everywhere.sees("line 3")
    await everywhere.press("h")
    await everywhere.type("(")
    await everywhere.sees("missing )")


async def test_older_lines_can_be_had(everywhere: Ui, hub: HubDouble) -> None:
    await everywhere.press("G", "l")
    await everywhere.sees("● following", "o Older")
    await followed(hub, ALONE.id)
    await hub.logs.write(source(ALONE.id, 500), "newest")
    await everywhere.sees("newest")
    await everywhere.press("o")
    await everywhere.sees("No lines yet.")
    await hub.logs.write(source(ALONE.id, 2000), "oldest", "newest")
    await everywhere.sees("oldest", "newest")


async def test_where_logs_are_not_allowed_it_says_how_to_allow_them(everywhere: Ui, hub: HubDouble) -> None:
    await hub.change(replace(hub.machines[WEB], capabilities=()))
    await everywhere.press("slash")
    await everywhere.type("front")
    await everywhere.sees("1/3")
    await everywhere.press("enter", "l")
    await everywhere.sees("✖ web-01 shows no logs: start its agent with --allow logs")


async def test_an_end_and_a_new_beginning_are_told_among_the_lines(everywhere: Ui, hub: HubDouble) -> None:
    await everywhere.press("G", "l")
    await everywhere.sees("● following")
    await followed(hub, ALONE.id)
    await hub.logs.write(source(ALONE.id, 500), "last words")
    await everywhere.sees("last words")
    ended = with_fields(ALONE, state="exited", exit_code=3)
    await hub.docker.change(DB, ended, "die")
    await everywhere.sees("… exited (3) …")
    again = with_fields(ALONE, started_at="2026-01-31T12:34:56.000Z")
    await hub.docker.change(DB, again, "start")
    await everywhere.sees("… running since 12:34:56 …")


async def test_a_container_that_ends_its_log_is_told_among_the_others(everywhere: Ui, hub: HubDouble) -> None:
    await everywhere.press("l")
    await everywhere.sees("● following")
    await followed(hub, API.id, FRONT.id)
    await hub.logs.end(source(API.id, 250), "the container was removed")
    await everywhere.sees("… ended: the container was removed", "● following")
