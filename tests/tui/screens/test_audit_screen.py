"""The audit log on the screen: read, narrowed, one entry in full, and whether it holds together."""

import pytest

from chatops_wire.rest import UserView
from tests.tui.screens import hub_double
from tests.tui.screens.audit_double import HOSTILE, altered
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble


@pytest.fixture
def filled(hub: HubDouble) -> HubDouble:
    hub.audit.add("login", target="admin")
    hub.audit.add("server.create", target="db-01", server_id="id-db-01")
    hub.audit.add(
        "command.run", target="cmd_1", server_id="id-db-01", data={"command": "uptime"}, result="sent"
    )
    hub.audit.add("command.run", target="cmd_2", server_id="id-web-02", result="not_allowed")
    return hub


async def opened(ui: Ui) -> None:
    await ui.sees("db-01", "● live")
    await ui.press("W")
    await ui.sees("Audit log", "command.run")


async def test_it_shows_who_did_what_where_newest_first(filled: HubDouble, start_ui: StartUi) -> None:
    assert filled.audit.asked == []
    async with start_ui(size=(120, 30)) as ui:
        await opened(ui)
        await ui.sees("not_allowed", "Their chain holds.", "4 of 4 entries read", "⏎ Whole entry", "/ Filter")
        shown = ui.text()
        assert (
            shown.index("cmd_2") < shown.index("cmd_1") < shown.index("server.create") < shown.index("login")
        )
        assert "db-01" in ui.line_with("cmd_1")
        assert "admin" in ui.line_with("cmd_1")
        await ui.press("question_mark")
        await ui.sees("Whole entry", "Audit log", "Ask again")


async def test_it_is_found_in_the_palette(filled: HubDouble, start_ui: StartUi) -> None:
    assert filled.audit.entries
    async with start_ui(size=(100, 30)) as ui:
        await ui.sees("● live")
        await ui.press("ctrl+p")
        await ui.type("audit log")
        await ui.sees("who did what")
        await ui.press("enter")
        await ui.sees("server.create")


async def test_what_is_typed_narrows_at_the_hub_and_words_narrow_here(
    filled: HubDouble, start_ui: StartUi
) -> None:
    async with start_ui(size=(120, 30)) as ui:
        await opened(ui)
        await ui.press("slash")
        await ui.type("action:command server:DB-01 user:admin since:24h uptime")
        await ui.sees("1 of 2 entries read")
        await ui.sees_no("cmd_2", "server.create")
        asked = filled.audit.asked[-1]
        assert (asked["action"], asked["server_id"], asked["user"]) == ("command", "id-db-01", "admin")
        assert "start" in asked
        await ui.press("escape")
        await ui.sees("server.create")


async def test_it_is_sorted_by_a_column_and_back(filled: HubDouble, start_ui: StartUi) -> None:
    assert filled.audit.entries
    async with start_ui(size=(120, 30)) as ui:
        await opened(ui)
        await ui.press("s")
        await ui.sees("Sort by", "As it comes", "Action")
        await ui.press("escape")
        await ui.press("greater_than_sign", "greater_than_sign")
        await ui.sees("ACTION▲")
        shown = ui.text()
        assert shown.index("cmd_2") < shown.index("login") < shown.index("server.create")
        await ui.press("r")
        await ui.sees("ACTION▼")
        shown = ui.text()
        assert shown.index("server.create") < shown.index("login") < shown.index("cmd_2")
        # The entry under the cursor is the one that is seen there.
        await ui.press("g", "enter")
        await ui.sees(filled.audit.entries[1].hash)


async def test_one_entry_stands_in_full_with_data_and_hash(filled: HubDouble, start_ui: StartUi) -> None:
    async with start_ui(size=(100, 30)) as ui:
        await opened(ui)
        await ui.press("down", "enter")
        entry = filled.audit.entries[2]
        await ui.sees(
            entry.hash, entry.prev_hash, '"command": "uptime"', "The hash is that of what is shown."
        )
        await ui.press("escape")
        await ui.sees("Their chain holds.")


async def test_what_an_entry_does_not_have_is_not_left_open(filled: HubDouble, start_ui: StartUi) -> None:
    assert filled.audit.entries[0].server_id is None
    async with start_ui(size=(100, 30)) as ui:
        await opened(ui)
        await ui.press("G", "enter")
        await ui.sees(filled.audit.entries[0].hash, "The hash is that")
        assert ui.line_with("server").split() == ["server", "–"]  # noqa: RUF001 - the sign of what is missing


async def test_an_altered_entry_is_named(filled: HubDouble, start_ui: StartUi) -> None:
    filled.audit.entries[1] = altered(filled.audit.entries[1])
    async with start_ui(size=(100, 30)) as ui:
        await opened(ui)
        await ui.sees("✖ The chain is broken at entry 2.")
        await ui.press("down", "down", "enter")
        await ui.sees("the entry was altered")


async def test_a_removed_entry_is_named(filled: HubDouble, start_ui: StartUi) -> None:
    del filled.audit.entries[1]
    async with start_ui(size=(100, 30)) as ui:
        await opened(ui)
        await ui.sees("✖ The chain is broken at entry 3.")


async def test_who_is_no_admin_is_told_so(
    filled: HubDouble, start_ui: StartUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_double, "USER", UserView(id="u2", username="vic", role="viewer"))
    async with start_ui() as ui:
        await ui.sees("● live")
        await ui.press("W")
        await ui.sees("Only admins may read the audit log.")
    assert filled.audit.asked == []


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_hostile_words_are_harmless(hub: HubDouble, start_ui: StartUi, size: tuple[int, int]) -> None:
    hub.audit.add("login" + HOSTILE, target=HOSTILE, result="x" + HOSTILE, data={"command": HOSTILE})
    async with start_ui(size=size) as ui:
        await ui.sees("● live")
        await ui.press("W")
        await ui.sees("login")
        await ui.press("enter")
        await ui.sees('"command"')
        assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(ui.text())
