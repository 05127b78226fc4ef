"""Servers beside each other: one chart with letters, or one each; any metric, any time."""

from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble


async def compare(ui: Ui, count: int) -> None:
    await ui.press("g")
    for _ in range(count):
        # It marks, and goes on to the next.
        await ui.press("space")
    await ui.press("c")
    await ui.sees("Compare", "cpu.percent")


async def test_marked_servers_lie_in_one_chart_with_a_letter_each(ui: Ui, hub: HubDouble) -> None:
    names = ui.rows()[:3]
    await compare(ui, 3)
    await ui.sees("A ", "B ", "C ", *names, "min", "avg", "max")
    assert ui.text().count("└") == 1
    watched = {f"id-{name}" for name in names if name != "edge-07"}
    await eventually(lambda: watched <= {one[1] for client in hub.clients for one in client.topics})
    await ui.press("escape")
    await ui.sees_no("Compare")


async def test_v_draws_a_chart_for_each(ui: Ui) -> None:
    await compare(ui, 2)
    await ui.press("v")
    await eventually(lambda: ui.text().count("└") == 2)
    await ui.press("v")
    await eventually(lambda: ui.text().count("└") == 1)


async def test_more_than_four_are_apart_and_more_than_eight_are_said(start_ui: StartUi) -> None:
    async with start_ui(size=(160, 48)) as ui:
        await ui.sees("db-01", "● live")
        await compare(ui, 9)
        await eventually(lambda: ui.text().count("└") == 8)
        await ui.sees("the first 8 of 9 marked servers")
        await ui.press("v")
        assert ui.text().count("└") == 8


async def test_m_chooses_the_metric_with_the_labels_there_are(ui: Ui) -> None:
    await compare(ui, 2)
    await ui.press("m")
    await ui.sees("Compare", "cpu.user", "load.1")
    await ui.press("end")
    await ui.sees("server.up")
    for _ in range(30):
        if "disk.percent:/var" in ui.text():
            break
        await ui.press("k", "k")
    await ui.sees("disk.percent:/var")
    await ui.press("escape")
    await ui.press("m", "j", "enter")
    await ui.sees("cpu.user")


async def test_zoom_pan_crosshair_and_back(ui: Ui) -> None:
    await compare(ui, 2)
    await ui.press("left")
    await ui.sees("PAST")
    await ui.press("comma", "plus", "left_square_bracket", "right_square_bracket")
    await ui.sees("PAST")
    await ui.press("escape")
    await ui.sees_no("PAST")
    await ui.sees("Compare")


async def test_without_marks_many_servers_are_not_compared(ui: Ui) -> None:
    await ui.press("c")
    await ui.sees("Mark servers by space")
    await ui.press("slash")
    await ui.type("api")
    await ui.press("enter", "c")
    await ui.sees("Compare", "api-01", "api-02", "api-03")


async def test_servers_that_are_deleted_meanwhile_leave_a_sentence(ui: Ui, hub: HubDouble) -> None:
    names = ui.rows()[:2]
    await compare(ui, 2)
    for name in names:
        await hub.forget(f"id-{name}")
    await ui.sees("These servers are no longer there")
    await ui.press("escape")
    await ui.sees_no("no longer there")


async def test_help_lists_its_keys(ui: Ui) -> None:
    await ui.press("question_mark")
    await ui.sees("Compare marked servers", "Your dashboards")
    await ui.press("escape")
    await compare(ui, 2)
    await ui.press("question_mark")
    await ui.sees("Metric", "Together or apart", "Go to a time")


async def test_a_server_is_compared_with_another_from_its_own_screen(ui: Ui) -> None:
    await ui.press("enter")
    await ui.sees("1 Overview", "checkpointer")
    await ui.press("c")
    await ui.sees("Compare with", "api-01")
    await ui.press("enter")
    await ui.sees("cpu.percent", "A db-01", "B api-01")
    await ui.press("escape")
    await ui.sees("1 Overview")
