"""Thresholds, silences and channels on the screen: made, tried, changed, switched off, deleted."""

import pytest
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

from chatops_tui.app import ChatopsApp
from chatops_tui.screens.alerts import AlertsScreen
from chatops_tui.screens.alerts_channels import ChannelsTab
from chatops_tui.screens.alerts_form import AlertForm
from chatops_tui.screens.alerts_list import AlertsTab
from chatops_tui.screens.alerts_one import AlertScreen
from chatops_tui.screens.alerts_pane import AlertTable
from chatops_tui.screens.alerts_silences import SilencesTab
from chatops_tui.screens.alerts_thresholds import ThresholdsTab
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import UserView
from chatops_wire.rest_alerts import ChannelPatch, ChannelTest, Preview, PreviewEpisode, ThresholdPatch
from chatops_wire.times import format_ms
from tests.deadlines import eventually
from tests.tui.screens.alert_seeds import seed
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble

OURS: tuple[type[Widget | Screen[object] | ChatopsApp], ...] = (
    ChatopsApp,
    AlertsScreen,
    AlertScreen,
    AlertsTab,
    ThresholdsTab,
    SilencesTab,
    ChannelsTab,
    AlertTable,
    AlertForm,
)


def test_every_key_of_alerts_has_a_name_of_its_own() -> None:
    ids = [one.id for owner in OURS for one in owner.BINDINGS if isinstance(one, Binding)]
    assert None not in ids
    assert len(ids) == len(set(ids))


async def opened(ui: Ui, digit: str, *seen: str) -> None:
    await ui.press("a")
    await ui.sees("1 Alerts", "2 Thresholds")
    await ui.press(digit)
    await ui.sees(*seen)


# Thresholds.


async def test_a_threshold_is_made_after_a_look_at_the_last_day(ui: Ui, hub: HubDouble) -> None:
    now = hub.now_ms()
    episode = PreviewEpisode(
        server_id="id-db-01", started_at=format_ms(now - 60_000), ended_at=format_ms(now), peak=97.0
    )
    hub.alerts.preview = Preview(times=1, seconds=60.0, episodes=(episode,), servers=12)
    await opened(ui, "2", "No thresholds: nothing is watched.")
    await ui.press("N")
    await ui.sees("New threshold", "Condition", "With a condition: what it would have done")
    await ui.type("disk full")
    await ui.press("tab")
    await ui.type("disk.percent:/var > 90")
    await ui.sees("In the last day it would have fired once on 12 servers, 1m in all")
    await ui.sees("db-01 for 1m, at most 97%")
    assert hub.alerts.previewed[-1].metric == "disk.percent:/var"
    await ui.press("tab", "tab")
    await ui.type("5m")
    await ui.press("enter")
    await ui.sees("disk full is watched.", "disk.percent:/var > 90% for 5m")
    (made,) = hub.alerts.thresholds.values()
    assert (made.name, made.value, made.for_s, made.severity) == ("disk full", 90.0, 300.0, "warning")


async def test_what_would_not_have_fired_is_told_too(ui: Ui) -> None:
    await opened(ui, "2", "No thresholds")
    await ui.press("N", "tab")
    await ui.type("load.1 > 800")
    await ui.sees("In the last day it would not have fired on 12 servers.")


async def test_what_is_wrong_puts_the_cursor_there(ui: Ui, hub: HubDouble) -> None:
    await opened(ui, "2", "No thresholds")
    await ui.press("N", "tab")
    await ui.type("load.1 > 8")
    await ui.press("tab", "tab")
    await ui.type("soon")
    await ui.press("tab", "enter")
    await ui.sees("✖ for: 'soon' is no duration")
    assert ui.app.focused is not None
    assert ui.app.focused.id == "for"
    assert not hub.alerts.thresholds


async def test_only_what_was_changed_is_sent(ui: Ui, hub: HubDouble) -> None:
    hub.alerts.threshold(name="hot", for_s=60.0, clear_value=80.0, enabled=False)
    await opened(ui, "2", "hot", "cpu.percent > 95% for 1m, ends at 80%")
    await ui.press("enter")
    await ui.sees("Change hot", "Ends at     80")
    await ui.press("tab", "tab", "tab", "end", "backspace", "backspace")
    await ui.type("2m")
    await ui.press("enter")
    await ui.sees("hot is changed.")
    assert hub.alerts.patches == [ThresholdPatch(for_s=120.0)]


async def test_a_threshold_is_switched_and_deleted(ui: Ui, hub: HubDouble) -> None:
    made = hub.alerts.threshold(name="hot")
    await opened(ui, "2", "hot")
    await ui.press("X")
    await ui.sees("hot is switched off.", "○ hot")
    assert hub.alerts.thresholds[made.id].enabled is False
    await ui.press("D")
    await ui.sees("Delete hot?", "Its open alerts end.")
    await eventually(lambda: "y Yes" in ui.text())
    await ui.press("y")
    await ui.sees("hot is deleted.", "No thresholds")


async def test_one_that_is_not_mine_is_copied(ui: Ui, hub: HubDouble) -> None:
    hub.alerts.threshold(name="theirs", may_change=False)
    await opened(ui, "2", "theirs", "you may not change it")
    await ui.press("enter")
    await ui.sees("You may not change this threshold; C makes one like it.")
    await ui.press("X", "D", "C")
    await ui.sees("New threshold", "cpu.percent > 95")
    await ui.press("enter")
    await ui.sees("theirs is watched.")
    assert len(hub.alerts.thresholds) == 2
    assert all(one.enabled for one in hub.alerts.thresholds.values())


async def test_what_the_hub_refuses_of_a_threshold_stays_in_the_form(ui: Ui, hub: HubDouble) -> None:
    hub.alerts.refuse = (400, ErrorCode.INVALID_REQUEST, "clear_value: on the wrong side of value")
    await opened(ui, "2", "No thresholds")
    await ui.press("N", "tab")
    await ui.type("load.1 > 8")
    await ui.press("enter")
    await ui.sees("✖ ", "lear_value: on the wrong side of value.", "New threshold")


# Silences.


async def test_a_silence_every_week_for_some_servers(ui: Ui, hub: HubDouble) -> None:
    await opened(ui, "3", "No silences: everything that fires is told.")
    await ui.press("N")
    await ui.sees("New silence", "Every week")
    await ui.type("tag:web")
    await ui.press("tab", "tab", "tab")
    await ui.type("sun 02:00-04:00 Europe/Berlin")
    await ui.press("enter")
    await ui.sees("The silence is made.", "tag:web", "every sun 02:00-04:00 Europe/Berlin")
    (made,) = hub.alerts.silences.values()
    assert made.weekly is not None
    assert (made.select, made.weekly.days, made.ends_at[:4]) == ("tag:web", ("sun",), "9999")


async def test_a_silence_needs_an_end(ui: Ui, hub: HubDouble) -> None:
    await opened(ui, "3", "No silences")
    await ui.press("N", "enter")
    await ui.sees("✖ for: how long is missing, like 8h.")
    assert not hub.alerts.silences


async def test_a_silence_is_ended(ui: Ui, hub: HubDouble) -> None:
    hub.alerts.silence(server_id="id-db-01", metric="disk.percent", comment="copy")
    await opened(ui, "3", "db-01", "disk.percent", "Holds now", "copy")
    await ui.press("enter")
    await ui.sees("End the silence of disk.percent", "on db-01")
    await eventually(lambda: "y Yes" in ui.text())
    await ui.press("y")
    await ui.sees("The silence has ended.", "No silences")
    assert not hub.alerts.silences


# Channels.


async def test_a_channel_is_made_and_tested(ui: Ui, hub: HubDouble) -> None:
    await opened(ui, "4", "No channels: alerts are shown here, and told nowhere else.")
    await ui.press("N")
    await ui.sees("New channel")
    await ui.type("on-call")
    await ui.press("tab")
    await ui.type("json://hooks.example.com:8080/x")
    await ui.press("enter")
    await ui.sees("on-call is made; t sends it a test message.", "json://***")
    await ui.press("t")
    await ui.sees("Delivered to on-call (38 ms): status 200")
    hub.alerts.test = ChannelTest(delivered=False, message="refused", duration_ms=2)
    await ui.press("t")
    await ui.sees("Not delivered to on-call (2 ms): refused")


async def test_a_channel_is_changed_without_telling_its_secrets_again(ui: Ui, hub: HubDouble) -> None:
    hub.alerts.channel(name="on-call", url="https://hooks.example.com/***", has_secret=True)
    await opened(ui, "4", "on-call", "what it is sent is signed")
    await ui.press("enter")
    await ui.sees("Change on-call", "never shown again")
    await ui.press("tab", "tab", "tab", "tab")
    await ui.type("4h")
    await ui.press("enter")
    await ui.sees("on-call is changed.", "repeat 4h")
    assert hub.alerts.patches == [ChannelPatch(repeat_s=14_400.0)]


async def test_what_failed_last_stands_out(ui: Ui, hub: HubDouble) -> None:
    hub.alerts.channel(name="team", url="slack://***", last_error="status 404: no such hook", waiting=3)
    await opened(ui, "4", "✖ team", "✖ status 404: no such hook")
    await ui.press("D")
    await ui.sees("Delete team?", "3 messages that wait are lost.")


async def test_a_channel_without_an_address_is_none(ui: Ui) -> None:
    await opened(ui, "4", "No channels")
    await ui.press("N")
    await ui.type("on-call")
    await ui.press("enter")
    await ui.sees("✖ address: it is missing.")


async def test_channels_are_for_admins(
    start_ui: StartUi, hub: HubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = UserView(id="u2", username="ben", role="operator")
    monkeypatch.setattr("tests.tui.screens.hub_double.USER", operator)
    seed(hub.alerts)
    async with start_ui() as ui:
        await ui.sees("alerts ✖2")
        await opened(ui, "3", "backup-01")
        assert "4 Channels" not in ui.text()
        await ui.press("4")
        assert "ADDRESS" not in ui.text()


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
@pytest.mark.parametrize("ascii_only", ["yes", ""])
async def test_every_tab_fits(
    start_ui: StartUi, hub: HubDouble, size: tuple[int, int], ascii_only: str
) -> None:
    seed(hub.alerts)
    environ = {"TERM": "linux"} if ascii_only else None
    async with start_ui(size=size, environ=environ) as ui:
        await ui.sees("db-01")
        await opened(ui, "2", "disk nearly full")
        await ui.press("N")
        await ui.sees("What to do", "With a condition")
        await ui.press("escape", "4")
        await ui.sees("hooks.example.com")
        await ui.press("N")
        await ui.sees("Secret")
