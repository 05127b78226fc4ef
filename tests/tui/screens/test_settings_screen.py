"""Settings without an editor on the hub: who is let in and to what, what is watched, what is kept."""

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


async def _yes(ui: Ui) -> None:
    await eventually(lambda: ui.app.screen.check_action("answer", (True,)) is True, what="armed")
    await ui.press("y")


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


async def test_a_new_key_is_made_for_a_server_and_shown_once(ui: Ui, hub: HubDouble) -> None:
    await _open(ui, "keys")
    await ui.sees("chops_db-01", "N New key", "E Enrol")
    await ui.press("N")
    await ui.sees("New key for an agent", "db-01")
    await ui.press("tab", "tab")
    await ui.type("1s")
    await ui.press("enter")
    await ui.sees("Expires: from a minute to 3650 days.")
    await ui.press("ctrl+u")
    await ui.type("90d")
    await ui.press("enter")
    await ui.sees("A new key for db-01", "CHATOPS_API_KEY=chops_abcdefghij")
    [made] = hub.keys_made
    assert (made.server_id, made.expires_in_s) == ("id-db-01", 90 * 86_400)
    await ui.press("escape")
    await ui.sees("4 Keys", "chops_db-01")
    assert "CHATOPS_API_KEY" not in ui.text()


async def test_a_token_for_new_machines_is_made_and_revoked(ui: Ui, hub: HubDouble) -> None:
    await _open(ui, "keys")
    await ui.sees("chops_db-01")
    await ui.press("E")
    await ui.sees("New enrolment token")
    await ui.press("ctrl+u")
    await ui.type("none")
    await ui.press("enter")
    await ui.sees("Machines: 'none' is no whole number from 1 to 1000.")
    await ui.press("ctrl+u")
    await ui.type("5")
    await ui.press("enter")
    await ui.sees("5 machines enrol themselves", "lets 5 machines in")
    await ui.press("escape")
    await ui.sees("new machines", "0 of 5")
    await ui.press("G")
    await ui.sees("lets 5 more machines in")
    await ui.press("D")
    await ui.sees("the servers made with it stay")
    await _yes(ui)
    await ui.sees("chope_abcdefghij is revoked.")
    await eventually(lambda: hub.enrolling.revoked == ["abcdefghij"], what="revoked")


async def test_ones_own_sessions_are_shown_and_ended(ui: Ui, hub: HubDouble) -> None:
    await _open(ui, "own")
    await ui.sees("Settings › You", "10.0.0.7", "192.0.2.9", "this session")  # noqa: RUF001 - the breadcrumb
    await ui.press("j", "D")
    await ui.sees("End Session from 192.0.2.9?")
    await _yes(ui)
    await eventually(lambda: hub.access.ended == ["s-away"], what="ended")


async def test_ones_own_ssh_keys_are_added_and_taken_back(ui: Ui, hub: HubDouble) -> None:
    await _open(ui, "own")
    await ui.sees("10.0.0.7")
    await ui.press("N")
    await ui.sees("New ssh key")
    await ui.type("-----BEGIN OPENSSH PRIVATE KEY-----")
    await ui.press("enter")
    await ui.sees("Key: that is a private key")
    await ui.press("ctrl+u")
    await ui.type("ssh-ed25519 AAAA")
    await ui.press("tab")
    await ui.type("laptop")
    await ui.press("tab")
    await ui.type("secret-password")
    await ui.press("enter")
    await ui.sees("laptop is let in.", "ssh key")
    await ui.press("G", "D")
    await ui.sees("Take back laptop?")
    await _yes(ui)
    await eventually(lambda: not hub.access.ssh_keys, what="taken back")


async def test_how_long_things_are_kept_is_set_and_given_back(ui: Ui, hub: HubDouble) -> None:
    await _open(ui, "retention")
    await ui.sees("7 Retention", "Samples", "7 days", "the flag", "Their output", "1024 MB")
    await ui.press("enter")
    await ui.sees("How long: Samples", "1 to 3,650")
    await ui.type("3")
    await ui.sees("dropped within the hour, for good")
    await ui.type("00000")
    await ui.press("enter")
    await ui.sees("Samples: '300000' is no whole number from 1 to 3650")
    await ui.press("ctrl+u")
    await ui.type("14")
    await ui.press("enter")
    await ui.sees("Samples: kept for 14 days.", "14 days", "set here")
    assert hub.access.terms == {"raw_days": 14}
    await ui.press("D")
    await ui.sees("7 days instead of 14 days?")
    await _yes(ui)
    await eventually(lambda: hub.access.terms == {}, what="the flag's again")


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
        assert "7 Retention" not in ui.text()
        assert "6 You" in ui.text()
