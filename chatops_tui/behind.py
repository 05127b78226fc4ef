"""The screens behind the fleet, loaded when there is time: a tenth of the way to the first picture."""

import asyncio
import gc
import sys
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from textual.worker import Worker

from chatops_tui.audit_requests import Auditing
from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.screens.context import Context

if TYPE_CHECKING:
    from chatops_tui.deeds import Deeds

# Once the fleet is drawn, and before somebody has read it.
_AFTER_THE_FLEET_S: Final = 0.25
# Without a fleet there is settings and sign-in to look at; by then it has come, or does not come soon.
_AT_LATEST_S: Final = 3.0


class Behind:
    """What is done from the fleet, with its screens."""

    def __init__(
        self, app: LeanApp[object], given: Context, auditing: Auditing, came_back: Callable[[], None]
    ) -> None:
        """Load nothing yet; `came_back` as in `Visits`."""
        self._app = app
        self._given = given
        self._auditing = auditing
        self._came_back = came_back

    @cached_property
    def deeds(self) -> "Deeds":
        """What is done there; whoever comes before it is loaded waits for it."""
        from chatops_tui.deeds import Deeds  # noqa: PLC0415 - that is what this module is for

        return Deeds(self._app, self._given, self._auditing, self._came_back)

    def load_soon(self, *, has_fleet: bool) -> None:
        """Load it in a thread in a moment; returns at once, and a second time costs nothing."""
        wait_s = _AFTER_THE_FLEET_S if has_fleet else _AT_LATEST_S
        self._app.set_timer(wait_s, self._load)

    def _load(self) -> Worker[None]:
        return self._app.run_worker(load, name="deeds", exit_on_error=False)


async def load() -> None:
    """Import it in a thread."""
    await asyncio.to_thread(_import)


def _import() -> None:
    if "chatops_tui.deeds" in sys.modules:
        return
    import chatops_tui.deeds  # noqa: F401, PLC0415 - see above

    # What was loaded stays, as in `launch`: to look for garbage in it was a fifth of what the fleet costs.
    gc.freeze()
