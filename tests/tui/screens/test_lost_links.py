"""A hub that goes away and comes back, seen from the screens; and text nobody should trust."""

from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from chatops_tui.hub_link import HubLink
from chatops_tui.link_news import LinkNews
from chatops_tui.screens.live import link_line, link_state
from chatops_tui.screens.notice import fleet_notice
from chatops_tui.store.models import Event, Link, LinkChanged, LinkPhase
from chatops_tui.store.store import Store
from chatops_wire.client import Fleet, FleetUpdate
from chatops_wire.rest import Role, UserView
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble
from tests.tui.screens.synthetic import FLEET, Machine

NOW = 1_700_000_000_000
HOSTILE = "\x1b]0;owned\x07\x1b[31m[bold]x[/]\u202e\n\u200d\u0301é👩\u200d💻"


async def test_lost_and_found_again_with_everything_still_there(ui: Ui, hub: HubDouble) -> None:
    await hub.stop()
    await ui.sees("reconnecting", "Next attempt in", "F5 now")
    assert "db-01" in ui.rows()
    await ui.press("enter")
    await ui.sees("1 Overview", "F5 now")
    await hub.start()
    await ui.press("f5")
    await ui.sees("● live")
    await ui.sees_no("F5 now")


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_figures_that_have_become_old_lose_their_colours(
    start_ui: StartUi, hub: HubDouble, size: tuple[int, int]
) -> None:
    async with start_ui(size=size) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("checkpointer", "NET ↓")
        assert len(ui.colours_of("checkpointer")) > 1
        await hub.stop()
        await ui.sees("reconnecting")
        await eventually(lambda: len(ui.colours_of("checkpointer")) == 1)
        await ui.press("3")
        await ui.sees("MOUNT")
        assert len(ui.colours_of(" /var")) == 1


async def test_history_is_asked_for_again_after_a_gap(ui: Ui, hub: HubDouble) -> None:
    await eventually(lambda: len(hub.histories) == 1)
    await hub.stop()
    await ui.sees("reconnecting")
    await hub.start()
    await ui.press("f5")
    await eventually(lambda: len(hub.histories) == 2)


async def test_an_error_of_ours_is_told_and_f5_tries_again(
    start_ui: StartUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0
    usual = HubLink.run

    async def broken(link: HubLink) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("a bug")
        await usual(link)

    monkeypatch.setattr(HubLink, "run", broken)
    async with start_ui() as ui:
        await ui.sees("An internal error; details are in", "Next attempt in")
        await ui.press("f5")
        await ui.sees("db-01", "● live")


async def test_an_error_of_ours_ends_no_session(
    ui: Ui, hub: HubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Store.apply

    def broken(store: Store, event: Event, now_ms: int) -> None:
        if not isinstance(event, FleetUpdate):
            usual(store, event, now_ms)
            return
        monkeypatch.setattr(Store, "apply", usual)
        raise RuntimeError("a bug")

    monkeypatch.setattr(Store, "apply", broken)
    await hub.tick()
    await ui.sees("An internal error; details", "Next attempt in", "F5 now")
    await ui.press("f5")
    await ui.sees("db-01", "● live")


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_hostile_names_are_only_text(start_ui: StartUi, hub: HubDouble, size: tuple[int, int]) -> None:
    machine = Machine(f"evil{HOSTILE}", (f"tag{HOSTILE}",), 50, 50, 50)
    hub.machines = {machine.id: machine, **{other.id: other for other in FLEET}}
    async with start_ui(size=size) as ui:
        await ui.sees("evil[bold]x[/]")
        assert "\x1b" not in ui.text()
        assert "\u202e" not in ui.text()
        await ui.press("slash")
        await ui.type("evil")
        await ui.press("enter", "enter")
        await ui.sees("1 Overview", "evil[bold]x[/]")
        await ui.press("5")
        await ui.sees("EVENTS", "tag[bold]x[/]")
        assert "\x1b" not in ui.text()
        await ui.press("ctrl+p")
        await ui.type("evil")
        await ui.sees("Open evil[bold]x[/]")
        await ui.press("escape", "escape", "D")
        await ui.sees("Delete evil[bold]x[/]")


@pytest.mark.parametrize(
    "clock", ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]
)
async def test_a_clock_at_the_end_of_time_disturbs_nobody(
    start_ui: StartUi, hub: HubDouble, clock: str
) -> None:
    # At 100 % the parts of the processor's time find no room in the title.
    machine = Machine("db-00", (), 60, 50, 50, clock=clock)
    # Idle, so that it never passes db-00 in the table, which puts the busiest on top.
    other = Machine("db-01", (), 5, 5, 5)
    hub.machines = {machine.id: machine, other.id: other}
    async with start_ui(size=(160, 48), zone=ZoneInfo("Asia/Tokyo")) as ui:
        await ui.sees("db-00", "● live")
        await ui.press("enter")
        await ui.sees("1 Overview", "─ HOST", " sys ")
        for _ in range(3):
            await ui.press("right_square_bracket")
        await ui.sees("7d [ ]")
        await eventually(lambda: [asked for asked, _span_ms in hub.histories].count(machine.id) >= 2)
        await ui.press("escape", "j")
        await ui.sees("● live", "─ db-01")


def lost(phase: LinkPhase, *, loaded: bool, retry_ms: int | None = NOW + 4000, attempt: int = 2) -> Store:
    store = Store()
    if loaded:
        store.apply(Fleet(servers=()), NOW)
    link = Link(phase, NOW, attempt=attempt, retry_ms=retry_ms, reason="The hub is stopping.")
    store.apply(LinkChanged(link), NOW)
    store.heard_ms = NOW
    return store


def said(lines: list[object]) -> str:
    return " ".join(text for line in lines for text, _ink in line)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (LinkPhase.CONNECTING, "Connecting to  http://hub …  attempt 3"),
        (LinkPhase.LIVE, "Loading the fleet from"),
        (LinkPhase.RECONNECTING, "No connection to the hub at"),
        (LinkPhase.OFFLINE, "The hub is stopping."),
        (LinkPhase.UPDATE_NEEDED, "do not understand each other"),
        (LinkPhase.SIGN_IN, "Sign in to"),
    ],
)
def test_every_state_before_the_first_fleet_has_its_words(phase: LinkPhase, expected: str) -> None:
    text = said(list(fleet_notice(lost(phase, loaded=False), "http://hub", NOW)))
    assert expected.replace("  ", " ") in text.replace("  ", " ").replace("  ", " ")


def test_a_countdown_never_shows_less_than_a_second() -> None:
    store = lost(LinkPhase.RECONNECTING, loaded=True)
    assert link_state(store, NOW).retry_in_s == 4
    assert link_state(store, NOW + 3999).retry_in_s == 1
    assert link_state(store, NOW + 9000).retry_in_s == 1


def test_silence_is_called_stale() -> None:
    store = lost(LinkPhase.LIVE, loaded=True)
    assert link_state(store, NOW + 3000).kind == "live"
    stale = link_state(store, NOW + 6000)
    assert (stale.kind, stale.age_s) == ("stale", 6.0)


@pytest.mark.parametrize(
    ("phase", "loaded", "has_line"),
    [
        (LinkPhase.RECONNECTING, True, True),
        (LinkPhase.CONNECTING, True, True),
        (LinkPhase.RECONNECTING, False, False),
        (LinkPhase.LIVE, True, False),
        (LinkPhase.SIGN_IN, True, False),
    ],
)
def test_the_line_for_a_lost_link(phase: LinkPhase, *, loaded: bool, has_line: bool) -> None:
    assert bool(link_line(lost(phase, loaded=loaded), NOW)) is has_line


def test_without_a_next_attempt_it_is_connecting() -> None:
    line = link_line(lost(LinkPhase.CONNECTING, loaded=True, retry_ms=None), NOW)
    assert "connecting…" in said([line])
    line = link_line(lost(LinkPhase.OFFLINE, loaded=True, retry_ms=None), NOW)
    assert "F5  tries again" in said([line])


def test_news_of_the_link_is_told_once_each_way() -> None:
    news, heard = LinkNews(), []
    steps = [
        (LinkPhase.CONNECTING, 0),
        (LinkPhase.LIVE, 1000),
        (LinkPhase.RECONNECTING, 2000),
        (LinkPhase.CONNECTING, 4000),
        (LinkPhase.RECONNECTING, 5000),
        (LinkPhase.RECONNECTING, 9000),
        (LinkPhase.LIVE, 16_000),
        (LinkPhase.RECONNECTING, 20_000),
        (LinkPhase.LIVE, 21_000),
        (LinkPhase.SIGN_IN, 30_000),
    ]
    for phase, now_ms in steps:
        news, text = news.after(phase, now_ms)
        heard.append(text)
    told = [
        "",
        "",
        "",
        "",
        "The connection to the hub is lost.",
        "",
        "Connected again after 14s.",
        "",
        "",
        "",
    ]
    assert heard == told
    assert news == replace(news, was_live=True)


def test_only_who_may_add_servers_is_told_how() -> None:
    store = Store()
    store.apply(Fleet(servers=()), NOW)
    roles: tuple[tuple[Role, bool], ...] = (("admin", True), ("operator", True), ("viewer", False))
    for role, is_told in roles:
        store.user = UserView(id="u", username="u", role=role)
        assert ("to add one" in said(list(fleet_notice(store, "http://hub", NOW)))) == is_told
