"""The UI steps aside: its terminal is somebody else's for a while, and its own again whatever happens."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from textual.app import SuspendNotSupported

from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.requests import RequestFailedError

T = TypeVar("T")


async def step_aside(app: LeanApp[object], work: Callable[[], Awaitable[T]]) -> T:
    """Lend the terminal to `work` and return what it returns; meanwhile nothing is drawn, but all is heard.

    Raises:
        RequestFailedError: This terminal cannot be lent, as in a browser, or is lent already.
    """
    if app.is_aside:
        raise RequestFailedError("This terminal shows something else already.")
    try:
        with app.aside():
            return await work()
    except SuspendNotSupported as exc:
        raise RequestFailedError("This terminal cannot be lent to anything else.") from exc
