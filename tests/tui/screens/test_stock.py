"""Images, volumes and networks of a server: looked at, pulled, removed, pruned."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from chatops_wire.codes import ErrorCode
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.docker_double import DB_CONTAINERS, with_stock
from tests.tui.screens.hub_double import HubDouble

DB = "id-db-01"


@pytest.fixture
async def stock(start_ui: StartUi, hub: HubDouble) -> AsyncIterator[Ui]:
    """The images of db-01, which allows everything."""
    hub.machines[DB] = replace(hub.machines[DB], capabilities=("docker",))
    hub.docker.put(DB, DB_CONTAINERS)
    with_stock(hub.docker)
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter", "8")
        await ui.sees("postgres")
        await ui.press("i")
        await ui.sees("1 Images", "postgres:17", "nginx:1.25")
        yield ui


async def armed(ui: Ui) -> None:
    await eventually(lambda: ui.app.screen.check_action("answer", (True,)) is True, what="armed")


async def test_three_lists_with_what_uses_them_and_how_much_they_take(stock: Ui) -> None:
    assert "● 1 containers" in stock.line_with("postgres:17")
    assert "○ unused" in stock.line_with("nginx:1.25")
    await stock.sees("2 images, 900M, 300M of it unused")
    await stock.press("2")
    await stock.sees("VOLUME", "pgdata", "● in use", "old-cache", "○ unused")
    await stock.press("tab")
    await stock.sees("NETWORK", "shop_default", "bridge")
    await stock.press("escape")
    await stock.sees("8 Docker")


async def test_an_image_is_removed_after_one_question(stock: Ui, hub: HubDouble) -> None:
    await stock.press("down", "D")
    await stock.sees("Remove this image?", "Remove nginx:1.25 on db-01")
    await armed(stock)
    await stock.press("y")
    await stock.sees("Removed nginx:1.25.", "1 images")
    assert [(action, name[:9]) for action, _server, name, _how in hub.docker.asked] == [
        ("remove", "sha256:bb")
    ]


async def test_a_volume_is_removed_only_when_its_name_is_typed(stock: Ui, hub: HubDouble) -> None:
    await stock.press("2")
    await stock.sees("old-cache")
    await stock.press("down", "D")
    await stock.sees("All data in it is lost.", "Type old-cache to go on.")
    await stock.press("escape")
    await stock.sees("old-cache")
    assert hub.docker.asked == []


async def test_the_engine_s_refusal_is_told_in_its_own_words(stock: Ui, hub: HubDouble) -> None:
    hub.docker.refuse = (409, ErrorCode.CONFLICT, "image is being used by container 1f")
    await stock.press("D")
    await armed(stock)
    await stock.press("y")
    await stock.sees("image is being used")
    await stock.sees("postgres:17")


async def test_what_is_pruned_is_chosen_and_asked(stock: Ui, hub: HubDouble) -> None:
    await stock.press("X")
    await stock.sees("Prune images", "Unused images without a name", "All unused images")
    await stock.press("down", "enter")
    await stock.sees("docker image prune --all on db-01")
    await armed(stock)
    await stock.press("y")
    await stock.sees("Removed unused images, 5.0M freed.", "1 images")
    assert hub.docker.asked[0][0] == "prune"


async def test_a_pull_shows_how_far_it_is_and_its_end(stock: Ui, hub: HubDouble) -> None:
    await eventually(lambda: any(("containers", DB) in client.topics for client in hub.clients))
    await stock.press("P")
    await stock.sees("Pull an image")
    await stock.type("redis:8")
    await stock.press("enter")
    await stock.sees("↻ redis:8")
    await hub.docker.tell_pull(DB, "pull-1", "redis:8", "Downloading 3 of 7 layers", 0.42)
    await stock.sees("42%", "Downloading 3 of 7 layers")
    await hub.docker.end_pull(DB, "pull-1", "redis:8", "manifest unknown")
    await stock.sees("✖ redis:8: manifest unknown", "▌ redis:8: manifest unknown")
    await stock.press("R")
    await stock.sees_no("✖ redis:8")


async def test_without_permission_it_can_be_looked_at_and_says_how_to_allow_more(
    stock: Ui, hub: HubDouble
) -> None:
    await hub.change(replace(hub.machines[DB], capabilities=()))
    await stock.sees("db-01 only lets you look: start its agent")
    await stock.press("D", "X", "P")
    await stock.sees_no("Remove this image?", "Prune images", "Pull an image")
    assert hub.docker.asked == []
