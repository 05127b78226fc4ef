"""Alerts on the screen: what fires first, what can be done to them, how loudly they come."""

from dataclasses import replace
from datetime import UTC

import msgspec
import pytest

from chatops_tui.screens.facts import timeline
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import Row
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import EventView
from chatops_wire.times import format_ms, parse_ms
from tests.deadlines import eventually
from tests.tui.screens.alert_seeds import CONTEXT, seed
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble
from tests.tui.screens.synthetic import FLEET, view


@pytest.fixture
async def alerts(ui: Ui, hub: HubDouble) -> Ui:
    """The list of alerts, with two of them open."""
    await hub.alerts.fires("web-01", id="warn", severity="warning", threshold_value=80.0, value=86.0)
    await hub.alerts.fires("db-01", id="crit")
    await ui.sees("alerts ✖1 ▲1")
    await ui.press("a")
    await ui.sees("1 Alerts", "STATUS", "cpu.percent > 95%", "cpu.percent > 80%")
    return ui


def order(ui: Ui) -> list[str]:
    """Return the servers in the list, from top to bottom."""
    names = {machine.name for machine in FLEET}
    lines = ui.lines()
    begin = next(at for at, line in enumerate(lines) if "STATUS" in line)
    words = [line.split() for line in lines[begin + 1 :]]
    return [line[2] for line in words if len(line) > 2 and line[2] in names]


async def test_what_fires_and_is_worst_stands_first(alerts: Ui, hub: HubDouble) -> None:
    assert order(alerts) == ["db-01", "web-01"]
    await hub.alerts.changes("crit", status="acknowledged", acknowledged_by="maria")
    await alerts.sees("acked", "maria")
    await eventually(lambda: order(alerts) == ["web-01", "db-01"])


async def test_every_screen_counts_what_fires(ui: Ui, hub: HubDouble) -> None:
    assert "alerts" not in ui.lines()[0]
    await hub.alerts.fires("db-01", id="a")
    await ui.sees("alerts ✖1")
    await ui.press("enter")
    await ui.sees("1 Overview", "alerts ✖1")
    await hub.alerts.changes("a", status="resolved", resolved_at=format_ms(hub.now_ms()))
    await eventually(lambda: "alerts" not in ui.lines()[0])


async def test_acknowledging_takes_a_comment(alerts: Ui, hub: HubDouble) -> None:
    await alerts.press("A")
    await alerts.sees("Acknowledge", "Comment", "db-01  cpu.percent > 95%")
    await alerts.type("mine")
    await alerts.press("enter")
    await alerts.sees("The alert is acknowledged.", "admin acknowledged it: mine")
    assert hub.alerts.all["crit"].comments[0].text == "mine"
    assert hub.alerts.all["warn"].status == "firing"


async def test_marked_alerts_are_resolved_together(alerts: Ui, hub: HubDouble) -> None:
    await alerts.press("space", "space", "R")
    await alerts.sees("Resolve 2 alerts")
    await alerts.press("enter")
    await alerts.sees("2 alerts are resolved.", "Nothing is wrong.")
    assert {view.status for view in hub.alerts.all.values()} == {"resolved"}
    await alerts.press("e")
    await alerts.sees("ended")
    assert len(order(alerts)) == 2
    await alerts.press("e")
    await alerts.sees("Nothing is wrong.")


async def test_what_the_hub_refuses_stays_in_the_dialog(alerts: Ui, hub: HubDouble) -> None:
    hub.alerts.refuse = (403, ErrorCode.FORBIDDEN, "your role only reads")
    await alerts.press("A", "enter")
    await alerts.sees("✖ ", "our role only reads")
    await alerts.press("escape")
    await alerts.sees_no("our role only reads")
    assert hub.alerts.all["crit"].status == "firing"


@pytest.mark.parametrize(("keys", "hours"), [(("enter",), 1), (("j", "enter"), 8)])
async def test_silencing_asks_for_how_long(
    alerts: Ui, hub: HubDouble, keys: tuple[str, ...], hours: int
) -> None:
    await alerts.press("S")
    await alerts.sees("Silence for", "1 hour", "8 hours")
    await alerts.press(*keys)
    await alerts.sees("For", f"{hours}h", "Comment")
    await alerts.type("night")
    length_ms, before_ms = hours * 3_600_000, hub.now_ms()
    await alerts.press("enter")
    await alerts.sees(f"Silenced for {hours}h.")
    (made,) = hub.alerts.silences.values()
    assert (made.server_id, made.metric, made.comment) == ("id-db-01", "cpu.percent", "night")
    assert before_ms + length_ms <= parse_ms(made.ends_at) <= hub.now_ms() + length_ms


async def test_some_other_time_must_be_a_duration(alerts: Ui, hub: HubDouble) -> None:
    await alerts.press("S", "end", "enter")
    await alerts.sees("For", "8h")
    await alerts.type("soon")
    await alerts.press("enter")
    await alerts.sees("✖ for: 'soon' is no duration")
    assert not hub.alerts.silences


async def test_a_filter_narrows_the_list(alerts: Ui) -> None:
    await alerts.press("slash")
    await alerts.type("severity:warn")
    await alerts.sees("1/2")
    await eventually(lambda: order(alerts) == ["web-01"])
    await alerts.press("enter", "escape")
    await eventually(lambda: order(alerts) == ["db-01", "web-01"])


async def test_the_chosen_alert_tells_what_its_machine_was_doing(ui: Ui, hub: HubDouble) -> None:
    hub.alerts.make("db-01", context=CONTEXT, runbook="call maria", threshold_name="hot")
    await ui.press("f5", "a")
    await ui.sees("TOP AT THAT MOMENT", "dockerd", "LOG AT THAT MOMENT", "no space left", "call maria")


async def test_one_alert_has_a_screen_with_its_curve(alerts: Ui, hub: HubDouble) -> None:
    await alerts.press("enter")
    await alerts.sees("Alerts › db-01", "─ cpu.percent 97%", "100%┤", "state")  # noqa: RUF001 - the arrow
    await alerts.sees("✖═")
    await hub.alerts.changes(
        "crit", status="resolved", resolution="recovered", resolved_at=format_ms(hub.now_ms())
    )
    await alerts.sees("recovered")
    await alerts.press("A", "o")
    await alerts.sees("1 Overview")
    await alerts.press("a")
    await alerts.sees("1 Alerts", "web-01")


async def test_charts_are_marked_where_alerts_fired(ui: Ui, hub: HubDouble) -> None:
    now = hub.now_ms()
    hub.alerts.make("db-01", since_ms=now - 120_000, resolved_at=format_ms(now - 60_000), status="resolved")
    hub.alerts.make("web-01", since_ms=now - 120_000, id="other")
    await ui.press("f5", "enter")
    await ui.sees("1 Overview", "CPU", "NET")
    await eventually(lambda: sum("└" in line and "✖" in line for line in ui.lines()) == 1)
    cpu_axis = next(line for line in ui.lines() if "└" in line)
    # A time of the axis may stand in the stretch that the alert was open for.
    _, mark, after = cpu_axis.partition("└")[2].partition("└")[0].partition("✖")
    assert mark
    assert "═" in after


@pytest.mark.parametrize(
    ("data", "mark"),
    [
        ({"severity": "critical", "status": "firing"}, ("✖ ", "crit")),
        ({"severity": "warning", "status": "firing"}, ("▲ ", "warn")),
        ({"severity": "critical", "status": "resolved"}, ("● ", "ok")),
        ({"severity": "critical", "status": "acknowledged"}, ("· ", "muted")),
        ({"severity": ["odd"], "status": "firing"}, ("· ", "muted")),
        ({}, ("· ", "muted")),
    ],
)
def test_the_timeline_marks_alerts(data: dict[str, object], mark: tuple[str, str]) -> None:
    memory = ServerMemory(Row(view(FLEET[0], 0), None, None, None))
    event = {"id": "e", "ts": format_ms(0), "kind": "alert", "server_id": "s", "user_id": None}
    memory.take_event(msgspec.convert({**event, "message": "db-01: hot", "data": data}, EventView))
    assert [list(line)[1:] for line in timeline(memory, 0, UTC)] == [[mark, ("hot", "text")]]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_what_is_open_stands_in_the_fleet_and_on_the_server(
    start_ui: StartUi, hub: HubDouble, size: tuple[int, int]
) -> None:
    hub.alerts.make("db-01", metric="disk.percent:/var", threshold_value=90.0, value=91.0)
    hub.alerts.make("db-01", status="pending", metric="load.1")
    hub.alerts.make("web-01", metric="net.rx_bps")
    async with start_ui(size=size) as ui:
        await ui.sees("db-01", "✖ disk.percent:/var > 90% 91% 4m")
        assert "load.1" not in ui.text()
        assert "net.rx_bps" not in ui.text()
        await ui.press("enter")
        await ui.sees("1 Overview", "✖ disk.percent:/var > 90% 91% 4m")


async def test_a_new_critical_alert_is_told_loudly_and_a_warning_is_not(ui: Ui, hub: HubDouble) -> None:
    await eventually(lambda: ui.app.store.alerts.is_loaded)
    sent = heard(ui)
    await hub.alerts.fires("web-01", severity="warning")
    await ui.sees("alerts ▲1")
    assert not sent
    await hub.alerts.fires("db-01")
    await ui.sees("Critical", "db-01: cpu.percent > 95%")
    assert sent == ["\x1b]9;ChatOps: db-01: cpu.percent > 95%\a\a"]


async def test_a_storm_is_told_once(ui: Ui, hub: HubDouble) -> None:
    await eventually(lambda: ui.app.store.alerts.is_loaded)
    sent = heard(ui)
    hub.alerts.all |= {view.id: view for view in [hub.alerts.make(one.name) for one in FLEET[:8]]}
    await ui.press("f5")
    await ui.sees("alerts ✖8", "and 5 more: a shows them")
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("signal", "toasts", "written"), [("off", 0, []), ("toast", 1, []), ("bell", 1, ["\a"])]
)
async def test_how_loudly_is_the_users_choice(
    start_ui: StartUi,
    hub: HubDouble,
    signal: str,
    toasts: int,
    written: list[str],
) -> None:
    async with start_ui(alert_signal=signal) as ui:
        await ui.sees("db-01", "● live")
        await eventually(lambda: ui.app.store.alerts.is_loaded)
        sent = heard(ui)
        await hub.alerts.fires("db-01")
        await ui.sees("alerts ✖1")
        await eventually(lambda: ui.text().count("Critical") == toasts)
        assert ui.text().count("Critical") == toasts
        assert sent == written


async def test_what_was_firing_at_the_start_makes_no_noise(start_ui: StartUi, hub: HubDouble) -> None:
    seed(hub.alerts)
    async with start_ui() as ui:
        sent = heard(ui)
        await ui.sees("alerts ✖2 ▲1")
        assert not sent
        assert "Critical" not in ui.text()


async def test_a_viewer_may_look_and_do_nothing(start_ui: StartUi) -> None:
    double = HubDouble(tuple(replace(one, role="viewer") for one in FLEET))
    await double.start()
    seed(double.alerts)
    try:
        async with start_ui(url=double.url) as ui:
            await ui.sees("alerts ✖2")
            await ui.press("a")
            await ui.sees("disk.percent:/var", "/ Filter")
            await ui.press("A")
            assert "Comment" not in ui.text()
    finally:
        await double.stop()


async def test_a_hub_that_knows_no_alerts_is_told(ui: Ui, hub: HubDouble) -> None:
    """As one of an older version: the list says so, everything else goes on."""
    hub.alerts.unknown = True
    await hub.stop()
    await ui.sees("reconnecting")
    ui.app.store.alerts.clear()
    await hub.start()
    await ui.press("f5")
    await ui.sees("● live")
    await ui.press("a")
    await ui.sees("not found")


async def test_the_help_tells_of_every_key(alerts: Ui) -> None:
    await alerts.press("question_mark")
    await alerts.sees("Keys: Alerts", "Acknowledge", "Ended ones too", "Thresholds", "Open its server")


def heard(ui: Ui) -> list[str]:
    """Return what is written to the terminal beside pictures from now on."""
    sent: list[str] = []
    driver = ui.app._driver  # noqa: SLF001 - no public way to the terminal
    assert driver is not None
    driver.write = sent.append  # type: ignore[assignment, method-assign]
    return sent
