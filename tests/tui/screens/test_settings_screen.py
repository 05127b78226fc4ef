"""Settings without an editor on the hub: users, keys, grants, thresholds, channels."""

import pytest

from chatops_wire.rest import UserView
from tests.deadlines import eventually
from tests.tui.screens import hub_double
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble


async def _open(ui: Ui, tab: str) -> None:
    await ui.press("colon")
    await ui.type(f"settings {tab}")
    await ui.press("enter")
    await ui.sees("Settings › ", "1 Thresholds")  # noqa: RUF001 - the breadcrumb


async def test_a_user_is_added_changed_kept_out_and_removed(ui: Ui, hub: HubDouble) -> None:
    await _open(ui, "users")
    await ui.sees("eve", "viewer", "N New")
    await ui.press("N")
    await ui.sees("New user")
    await ui.type("bob")
    await ui.press("tab", "tab")
    await ui.type("short")
    await ui.press("enter")
    await ui.sees("Password: at least 8 characters.")
    await ui.type("-and-longer")
    await ui.press("enter")
    await ui.sees("bob may sign in.")
    assert hub.access.users["u-bob"].role == "viewer"
    await ui.sees("3 Users", "bob")
    await ui.press("j", "X")
    await eventually(lambda: not hub.access.users["u-bob"].active, what="bob kept out")
    await ui.sees("kept out: cannot sign in")
    await ui.press("D")
    await ui.sees("Remove bob?", "Type bob")
    await ui.press("escape")


async def test_a_role_that_is_none_is_told(ui: Ui) -> None:
    await _open(ui, "users")
    await ui.sees("eve")
    await ui.press("enter")
    await ui.sees("Change admin")
    await ui.press("ctrl+u")
    await ui.type("emperor")
    await ui.press("enter")
    await ui.sees("is none of viewer, operator, admin.")


async def test_keys_are_rotated_and_revoked(ui: Ui, hub: HubDouble) -> None:
    await _open(ui, "keys")
    await ui.sees("chops_db-01", "web-01")
    await ui.press("O")
    await eventually(lambda: hub.access.rotated == ["k-db-01"], what="rotated")
    await ui.press("D")
    await ui.sees("Revoke chops_db-01 of db-01?", "cut off")


async def test_a_server_is_shared_by_name(ui: Ui, hub: HubDouble) -> None:
    await _open(ui, "grants")
    await ui.sees("Nothing is shared")
    await ui.press("N")
    await ui.sees("New grant")
    await ui.type("db-0l")
    await ui.press("tab")
    await ui.type("eve")
    await ui.press("enter")
    await ui.sees("Server: none is called 'db-0l'; like it are", "db-01")
    await ui.press("ctrl+u")
    await ui.type("db-01")
    await ui.press("enter")
    await ui.sees("eve may be viewer on db-01.")
    assert hub.access.granted == [("id-db-01", "eve")]
    await ui.sees("SERVER", "eve")


async def test_thresholds_and_channels_are_there_too(ui: Ui) -> None:
    await _open(ui, "thresholds")
    await ui.press("2")
    await ui.sees("Settings › Channels")  # noqa: RUF001 - the breadcrumb
    await ui.press("escape")
    await ui.sees("web-02")


async def test_f2_opens_them_and_back_goes_back(ui: Ui) -> None:
    await ui.press("f2")
    await ui.sees("Settings › Thresholds")  # noqa: RUF001 - likewise
    await ui.press("q")
    await ui.sees("web-02")


async def test_a_tab_of_admins_falls_back_for_others(
    start_ui: StartUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_double, "USER", UserView(id="u2", username="eve", role="viewer"))
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("f2")
        await ui.sees("1 Thresholds", "4 Keys")
        assert "3 Users" not in ui.text()
