"""Signing in, what goes wrong, and a session that ends."""

import pytest

from chatops_tui.exit_code import ExitCode
from chatops_wire.codes import ErrorCode
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import PASSWORD, HubDouble


async def fill_in(ui: Ui, user: str, password: str) -> None:
    await ui.sees("sign in", "Password")
    await ui.type(user)
    await ui.press("enter")
    await ui.type(password)
    await ui.press("enter")


async def test_by_keyboard_alone_and_the_session_is_remembered(start_ui: StartUi, hub: HubDouble) -> None:
    async with start_ui(signed_in=False) as ui:
        await fill_in(ui, "admin", PASSWORD)
        await ui.sees("db-01", "● live")
        assert PASSWORD not in ui.text()
    assert hub.logins == 1
    async with start_ui(signed_in=False) as ui:
        await ui.sees("db-01", "● live")
    assert hub.logins == 1


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (None, "User name or password is wrong."),
        ((429, ErrorCode.TOO_MANY_REQUESTS), "Too many attempts, try again in 42 s."),
        ((500, ErrorCode.INTERNAL), "The hub failed (500)"),
    ],
)
async def test_what_goes_wrong_is_one_sentence(
    start_ui: StartUi, hub: HubDouble, refusal: tuple[int, ErrorCode] | None, sentence: str
) -> None:
    async with start_ui(signed_in=False) as ui:
        await ui.sees("sign in")
        hub.refuse_login = refusal
        await fill_in(ui, "admin", "wrong")
        await ui.sees(sentence)
        hub.refuse_login = None
        await ui.press(*["backspace"] * 5)
        await ui.type(PASSWORD)
        await ui.press("enter")
        await ui.sees("db-01")


async def test_a_second_step_is_asked_for_where_one_is_needed(start_ui: StartUi, hub: HubDouble) -> None:
    hub.otp = "123456"
    async with start_ui(signed_in=False) as ui:
        await fill_in(ui, "admin", PASSWORD)
        await ui.sees("A code of the second factor is needed.", "Code")
        await ui.type("000000")
        await ui.press("enter")
        await ui.sees("User name or password is wrong.")
        await ui.press(*["backspace"] * 6)
        await ui.type("123456")
        await ui.press("enter")
        await ui.sees("db-01", "● live")
    assert hub.logins == 3


async def test_another_hub_that_nobody_answers_at(start_ui: StartUi) -> None:
    async with start_ui(signed_in=False, username="admin") as ui:
        await ui.sees("sign in")
        await ui.press("up", "up", "ctrl+a", "ctrl+k")
        await ui.type("http://127.0.0.1:1")
        await ui.press("enter")
        await ui.type("x")
        await ui.press("enter")
        await ui.sees("Cannot reach the hub at http://127.0.0.1:1", "connection refused")
        await ui.press("up", "up", "ctrl+a", "ctrl+k")
        await ui.type("ftp://x")
        await ui.press("enter")
        await ui.sees("must begin with")


async def test_nothing_is_sent_while_a_field_is_empty(start_ui: StartUi, hub: HubDouble) -> None:
    async with start_ui(signed_in=False, username="admin") as ui:
        await ui.sees("sign in", "⏎ OK", "^q Quit")
        await ui.press("enter", "enter", "tab", "enter")
        await ui.type("q?")
        await ui.sees("••")
        assert hub.logins == 0


async def test_the_given_password_signs_in_without_asking(start_ui: StartUi, hub: HubDouble) -> None:
    async with start_ui(signed_in=False, username="admin", password=PASSWORD) as ui:
        await ui.sees("db-01")
    assert hub.logins == 1


async def test_a_given_password_that_is_wrong_is_explained(start_ui: StartUi) -> None:
    async with start_ui(signed_in=False, username="admin", password="wrong") as ui:  # noqa: S106 - on purpose
        await ui.sees("sign in", "User name or password is wrong.")


async def test_a_session_that_ends_asks_again_and_keeps_the_place(ui: Ui, hub: HubDouble) -> None:
    await ui.press("enter")
    await ui.sees("1 Overview")
    await ui.press("3")
    await ui.sees("MOUNT")
    await hub.end_sessions()
    await ui.sees("sign in", "session")
    await ui.type(PASSWORD)
    await ui.press("enter")
    await ui.sees("MOUNT", "● live")


async def test_a_ui_shown_to_somebody_elsewhere_ends_with_its_session(
    start_ui: StartUi, hub: HubDouble
) -> None:
    async with start_ui(hosted=True) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("L")
        await ui.sees("sign in where you came in")
        await hub.end_sessions()
        await eventually(lambda: ui.app.return_code == ExitCode.NO_SESSION)
    assert hub.logins == 0


async def test_a_ui_shown_to_somebody_elsewhere_asks_nobody_for_a_password(
    start_ui: StartUi, hub: HubDouble
) -> None:
    async with start_ui(hosted=True, signed_in=False, username="admin") as ui:
        await eventually(lambda: ui.app.return_code == ExitCode.NO_SESSION)
    assert hub.logins == 0


async def test_signing_in_elsewhere_can_be_left_again(ui: Ui) -> None:
    await ui.press("L")
    await ui.sees("sign in", "Back")
    await ui.press("escape")
    await ui.sees("web-01")


async def test_a_hub_that_does_not_answer_costs_nothing_of_the_one_that_does(ui: Ui, hub: HubDouble) -> None:
    await ui.press("L")
    await ui.sees("sign in", "Back")
    await ui.press("up", "up", "ctrl+a", "ctrl+k")
    await ui.type("http://127.0.0.1:1")
    await ui.press("enter")
    await ui.type(PASSWORD)
    await ui.press("enter")
    await ui.sees("Cannot reach the hub at http://127.0.0.1:1")
    await ui.press("escape")
    await ui.sees("web-01", "● live")
    assert hub.presented == ["access-0"]


async def test_who_signs_in_takes_over_from_the_session_that_came_with_the_start(
    ui: Ui, hub: HubDouble
) -> None:
    await ui.press("L")
    await ui.sees("sign in", "Back")
    await ui.type(PASSWORD)
    await ui.press("enter")
    await eventually(lambda: len(hub.presented) == 2)
    assert hub.presented[-1] != "access-0"
    await ui.sees("web-01", "● live")


async def test_whoever_is_asked_to_sign_in_is_not_asked_twice(start_ui: StartUi) -> None:
    async with start_ui(signed_in=False, username="admin") as ui:
        await ui.sees("sign in", "Password")
        await ui.press("ctrl+p")
        await ui.sees("Theme chatops-dark")
        assert "Sign in elsewhere" not in ui.text()
        await ui.press("escape")
        await ui.sees("⏎ OK")
        await ui.type(PASSWORD)
        await ui.press("enter")
        await ui.sees("db-01", "● live")


async def test_logging_out_ends_the_session_and_asks_for_the_next(ui: Ui) -> None:
    await ui.press("ctrl+p")
    await ui.type("log out")
    await ui.sees("Log out")
    await ui.press("enter", "enter")
    await ui.sees("sign in", "Password")
    await ui.type(PASSWORD)
    await ui.press("enter")
    await ui.sees("db-01", "● live")
