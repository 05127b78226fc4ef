"""A machine's policy: a badge in words on every screen of it, and a panel that tells and narrows."""

from dataclasses import replace

import pytest

from chatops_tui.render.policy import badge, lines
from chatops_tui.render.spans import plain
from chatops_wire.policy import MachinePolicy, PolicySummary, PolicyView
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble


def _summary(*, lists: bool = False, narrowed: tuple[str, ...] | None = None) -> PolicySummary:
    return PolicySummary(source="file", lists_commands=lists, signed=(), narrowed=narrowed)


@pytest.mark.parametrize(
    ("capabilities", "policy", "shown"),
    [
        (("metrics",), None, "◇ metrics only"),
        (("metrics", "logs", "docker_read"), None, "◇ reads only"),
        (("metrics", "docker"), None, "◈ containers"),
        (("metrics", "commands"), _summary(lists=True), "◈ listed commands"),
        (("metrics", "commands", "docker"), _summary(lists=True), "◈ listed commands + containers"),
        (("metrics", "commands"), _summary(), "◆ any command"),
        # A list binds nobody who has a shell.
        (("metrics", "commands", "terminal"), _summary(lists=True), "◆ any command"),
        (("metrics", "commands", "signed"), _summary(), "◆ any command · signed"),
        (("metrics",), _summary(narrowed=()), "◇ metrics only · narrowed"),
    ],
)
def test_the_badge_says_in_words_how_far_one_may_go(
    capabilities: tuple[str, ...], policy: PolicySummary | None, shown: str
) -> None:
    assert plain(badge(capabilities, policy)) == shown


def test_the_lines_say_who_decided() -> None:
    view = PolicyView(
        server_id="s", capabilities=("metrics",), machine_capabilities=("metrics", "terminal"),
        machine=MachinePolicy(allowed=("terminal",), terminal_user="ops", terminal_shell="/bin/sh"),
        narrowed=(), narrowed_by="u1", narrowed_by_name="ada", narrowed_at="2026-01-31T12:00:00.000Z",
    )  # fmt: skip
    assert dict(lines(view)) == {
        "allowed": "terminal",
        "decided": "by its agent's flags",
        "terminal": "of ops, /bin/sh",
        "signed": "nothing need be",
        "narrowed": "to nothing but samples by ada, 2026-01-31T12:00:00.000Z",
        "left": "nothing but samples",
    }
    silent = PolicyView(
        server_id="s", capabilities=(), machine_capabilities=(), machine=None,
        narrowed=None, narrowed_by=None, narrowed_at=None,
    )  # fmt: skip
    assert ("decided", "not told by its agent") in lines(silent)


async def _shown(hub: HubDouble, ui: Ui) -> None:
    db = hub.machines["id-db-01"]
    await hub.change(replace(db, capabilities=hub.policy.capabilities, policy=hub.policy.summary))
    await ui.sees("◈ listed commands + containers · signed")
    await ui.press("enter")
    await ui.sees("Overview", "◈ listed commands")
    await ui.press("p")
    await ui.sees("What db-01 allows", "by a file on the machine", "/usr/bin/uptime")


async def test_the_panel_tells_what_is_allowed_and_narrows_it(ui: Ui, hub: HubDouble) -> None:
    await _shown(hub, ui)
    await ui.sees("web-[0-9]+", "/var/log/nginx", "and 6 more: `chatops policy`", "not at the hub")
    # Neutralised: it is the machine's own.
    await ui.sees_no("owned\x07")
    await ui.type("logs, docker_read")
    await ui.press("enter")
    await ui.sees("Narrowed.", "to logs, docker_read by ada", "◇ reads only · signed · narrowed")
    assert hub.policy.narrowed == ("logs", "docker_read")
    await ui.press("escape")
    await ui.sees_no("What db-01 allows")
    await ui.sees("◇ reads only · signed · narrowed")


async def test_it_lifts_and_says_what_is_no_allowance(ui: Ui, hub: HubDouble) -> None:
    hub.policy.narrowed = ()
    await _shown(hub, ui)
    await ui.press("enter")
    await ui.sees("To what?")
    await ui.type("root")
    await ui.press("enter")
    await ui.sees("'root' is none of docker")
    await ui.press("ctrl+u")
    await ui.type("all")
    await ui.press("enter")
    await ui.sees("All that the machine allows again.")
    assert hub.policy.narrowed is None


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_who_may_only_read_sees_no_field(
    start_ui: StartUi, hub: HubDouble, size: tuple[int, int]
) -> None:
    db = hub.machines["id-db-01"]
    hub.machines[db.id] = replace(
        db, role="operator", capabilities=hub.policy.capabilities, policy=hub.policy.summary
    )
    async with start_ui(size=size) as ui:
        await ui.sees("db-01")
        await ui.press("enter")
        await ui.sees("Overview")
        await ui.press("p")
        await ui.sees("What db-01 allows", "listed commands")
        await ui.sees_no("Only")
