"""The question before something that interrupts or destroys."""

from textual.widgets import Button, Input

from chatops_tui.widgets.confirm import Confirm, Question
from tests.deadlines import eventually
from tests.tui.widgets.stage import Stage, ask

RESTART = Question("Restart container", [[("Restart api-1?", "text")]], "Restart")
# Longer than any test.
LONG_S = 600.0
REMOVE = Question("Remove server", [[("Removes db-01.", "text")]], "Remove", type_to_confirm="db-01")


async def armed(dialog: Confirm) -> None:
    """Wait until the dialog would take a yes."""
    await eventually(lambda: dialog.check_action("answer", (True,)), what="the delay to pass")


async def answered(answers: list[bool | None], *, yes: bool) -> None:
    """Wait for the answer, and hold it against the expected one."""
    await eventually(lambda: answers, what="an answer")
    assert answers == [yes]


async def test_the_focus_is_on_cancel() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        await ask(pilot, Confirm(RESTART))
        assert isinstance(app.focused, Button)
        assert str(app.focused.label) == "n Cancel"


async def test_a_key_typed_ahead_confirms_nothing() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        dialog = Confirm(RESTART, arm_s=LONG_S)
        answers = await ask(pilot, dialog)
        await pilot.press("y")
        assert answers == []
        assert app.screen is dialog


async def test_y_confirms_after_a_moment() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        dialog = Confirm(RESTART)
        answers = await ask(pilot, dialog)
        await armed(dialog)
        await pilot.press("y")
        await answered(answers, yes=True)


async def test_n_escape_and_enter_cancel_at_once() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        for key in ("n", "escape", "enter"):
            answers = await ask(pilot, Confirm(RESTART))
            await pilot.press(key)
            await answered(answers, yes=False)


async def test_the_other_button_confirms() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        dialog = Confirm(RESTART)
        answers = await ask(pilot, dialog)
        await armed(dialog)
        await pilot.press("left", "enter")
        await answered(answers, yes=True)


async def test_the_other_button_does_nothing_at_first() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        dialog = Confirm(RESTART, arm_s=LONG_S)
        answers = await ask(pilot, dialog)
        await pilot.press("left", "enter")
        await pilot.pause()
        assert (answers, app.screen) == ([], dialog)


async def test_what_cannot_be_undone_asks_for_the_name() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        dialog = Confirm(REMOVE)
        answers = await ask(pilot, dialog)
        assert isinstance(app.focused, Input)
        await pilot.press(*"db-0", "enter")
        assert answers == []
        assert dialog.query_one("#confirm-yes", Button).disabled
        await pilot.press("1")
        await pilot.pause()
        await eventually(
            lambda: not dialog.query_one("#confirm-yes", Button).disabled, what="an enabled button"
        )
        await eventually_confirms(pilot, answers)


async def test_a_y_in_the_name_is_only_a_letter() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        dialog = Confirm(REMOVE)
        answers = await ask(pilot, dialog)
        await pilot.press("y")
        assert answers == []
        assert dialog.query_one(Input).value == "y"


async def test_the_name_can_be_left_alone() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        answers = await ask(pilot, Confirm(REMOVE))
        await pilot.press("escape")
        await answered(answers, yes=False)


async def eventually_confirms(pilot: object, answers: list[bool | None]) -> None:
    """Press Enter until the moment has passed in which nothing confirms."""

    async def pressed() -> bool:
        await pilot.press("enter")  # type: ignore[attr-defined]
        return bool(answers)

    await eventually(pressed, what="an answer")
    assert answers == [True]
