"""The past of a server: charts zoomed and panned, a crosshair, and a whole screen of another moment."""

import re
from dataclasses import replace

import pytest

from chatops_wire.containers import Container
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble


@pytest.fixture
async def page(ui: Ui) -> Ui:
    """db-01, open."""
    await ui.press("enter")
    await ui.sees("1 Overview", "checkpointer", "NET ↓")
    return ui


def shown_moment(ui: Ui) -> str:
    found = re.search(r"PAST  \w{3} \d\d \w{3} (\d\d:\d\d:\d\d)", ui.text())
    assert found is not None, ui.text()
    return found[1]


async def go(ui: Ui, text: str) -> None:
    await ui.press("at")
    await ui.sees("Go to a time")
    await ui.type(text)
    await ui.press("enter")


async def test_a_typed_time_shows_that_moment_everywhere(page: Ui, hub: HubDouble) -> None:
    await go(page, "-2h")
    await page.sees(" PAST ", "2h ago", "0 live", "sample 2s before")
    await eventually(lambda: len(hub.moments) == 1)
    server_id, asked_ms = hub.moments[0]
    assert server_id == "id-db-01"
    assert abs(hub.now_ms() - asked_ms - 7_200_000) < 60_000
    await page.sees(f"then {asked_ms // 1000}")
    assert shown_moment(page) in page.line_with("└")
    await page.press("2")
    await page.sees(f"then {asked_ms // 1000}", "PID")
    await page.press("0")
    await page.sees_no(" PAST ", "then ")
    await page.sees("checkpointer")


async def test_a_time_that_is_none_is_said_and_can_be_typed_again(page: Ui) -> None:
    await go(page, "soon")
    await page.sees("That is no time")
    await page.press("escape")
    await page.sees_no("Go to a time")
    await go(page, "2999-01-01")
    await page.sees("still to come")
    await page.press("escape")
    assert " PAST " not in page.text()


async def test_now_goes_back_to_live(page: Ui) -> None:
    await go(page, "-1h")
    await page.sees(" PAST ")
    await go(page, "now")
    await page.sees_no(" PAST ")


async def test_arrows_pan_and_the_last_one_is_live_again(page: Ui) -> None:
    await page.press("left")
    await page.sees(" PAST ", "1m 1")
    await page.press("left")
    await page.sees("2m 3")
    await page.press("right", "right", "right")
    await page.sees_no(" PAST ")


async def test_plus_and_minus_zoom_round_the_crosshair(page: Ui) -> None:
    await page.press("plus")
    await page.sees("2m [ ]")
    await page.press("minus", "minus")
    await page.sees("15m [ ]")
    await go(page, "-30m")
    await page.sees(" PAST ")
    moment = shown_moment(page)
    await page.press("plus")
    await page.sees("5m [ ]", moment)
    await page.press("right_square_bracket")
    await page.sees("1h [ ]", moment)
    await page.press("left_square_bracket")
    await page.sees("5m [ ]", moment)


async def test_commas_and_full_stops_step_by_sample_minute_ten_minutes_hour(page: Ui, hub: HubDouble) -> None:
    await go(page, "-3h")
    await page.sees("step sample", "sample 2s before")
    # The sample before may be of the same second as it is shown.
    _server_id, before_ms = hub.moments[-1]
    await page.press("comma")
    await eventually(lambda: hub.moments[-1][1] < before_ms)
    for label, ago in (("1 min", "3h 1m"), ("10 min", "3h 11m"), ("1 h", "4h 11m")):
        await page.press("semicolon")
        await page.sees(f"step {label}")
        await page.press("comma")
        await page.sees(ago)
    await page.press("full_stop")
    await page.sees("3h 11m")
    await page.press("semicolon")
    await page.sees("step sample")


async def test_braces_go_to_the_alerts_before_and_after(page: Ui, hub: HubDouble) -> None:
    view = await hub.alerts.fires("db-01")
    await page.sees(view.metric)
    await page.press("left_curly_bracket")
    await page.sees(" PAST ")
    await page.press("left_curly_bracket")
    await page.sees("No alert is known before this.")
    await page.press("right_curly_bracket")
    await page.sees("No alert is known after this.")


async def test_change_keys_are_refused_in_the_past(page: Ui, hub: HubDouble) -> None:
    web = Container(id="c1" * 32, name="web", image="nginx", state="running", status="Up 2 hours")
    hub.docker.containers["id-db-01"] = {web.id: web}
    await hub.change(
        replace(hub.machines["id-db-01"], capabilities=("docker", "terminal", "commands", "logs"))
    )
    await page.sees("7 Console")
    await go(page, "-1h")
    await page.sees(" PAST ", "sample 2s before")
    await page.sees_no("7 Console", "6 Logs")
    await page.press("8")
    await page.sees("web", "This is the past: 0 goes back to now")
    await page.press("R", "t")
    await page.sees_no("Restart web")
    await page.press("l")
    await page.sees("This is the past: 0 goes back to now.")
    await page.press("escape")
    await page.sees("7 Console")


async def test_a_moment_nobody_knows_says_so(page: Ui, hub: HubDouble) -> None:
    hub.refuses_moments = True
    await go(page, "-5h")
    await page.sees(" PAST ", "nothing known")
    await page.press("escape")
    await page.sees_no(" PAST ")
    await page.sees("checkpointer")


async def test_a_large_chart_has_its_details_below(start_ui: StartUi, hub: HubDouble) -> None:
    hub.alerts.threshold(metric="cpu.percent", value=60.0, name="busy")
    async with start_ui(size=(120, 36)) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("LOAD 1m", "SPACE")
        await ui.press("z")
        await ui.sees("cpu.percent", "95%", "every", "gaps", "threshold", "> 60%", "busy")
        # The hub's own threshold is drawn in place of the usual ones.
        await ui.sees("60%┤")
        await ui.press("z", "z", "z", "z", "z")
        await ui.sees("disk.percent", "─ SPACE")
        await ui.press("escape")
        await ui.sees("LOAD 1m")


async def test_help_lists_the_keys_of_time(page: Ui) -> None:
    await page.press("question_mark")
    await page.sees("Go to a time", "Zoom in", "Alert before", "Longer range")


async def test_typing_in_a_filter_moves_nothing(page: Ui) -> None:
    await page.press("2", "slash")
    await page.type("a,b")
    await page.press("left", "at", "0", "plus")
    assert " PAST " not in page.text()
    await page.sees("a,@0+b")


async def test_the_footer_says_nothing_twice(start_ui: StartUi, hub: HubDouble) -> None:
    hub.machines["id-db-01"] = replace(hub.machines["id-db-01"], capabilities=("terminal", "commands"))
    async with start_ui(size=(200, 50)) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("7 Console", "t Shell", "q Back")
        assert ui.lines()[-1].count("Back") == 1
        await go(ui, "-1h")
        await ui.sees(" PAST ", "sample 2s before")
        await eventually(lambda: "0 Live" in ui.lines()[-1])
        assert ui.lines()[-1].count("Shell") <= 1
        await ui.press("0", "7")
        await ui.sees("^t Shell", "Search history")
        assert ui.lines()[-1].count("Shell") == 1
