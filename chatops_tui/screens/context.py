"""What every screen is given."""

import re
from collections.abc import Callable
from datetime import tzinfo

import msgspec

from chatops_tui.access_requests import Access, NoAccess
from chatops_tui.alert_requests import Alerting
from chatops_tui.engine_requests import Engines
from chatops_tui.render.charset import Charset
from chatops_tui.requests import BoardFile, Commands, Hub, Logs, NoBoards, Shells
from chatops_tui.store.danger import USUAL, compiled
from chatops_tui.store.models import LinkPhase, Row
from chatops_tui.store.store import Store
from chatops_tui.view_file import Forgetful, Kept


class Context(msgspec.Struct, frozen=True):
    """The state to draw, the hub to ask, the clock, and how this terminal draws."""

    store: Store
    hub: Hub
    commands: Commands
    logs: Logs
    shells: Shells
    engines: Engines
    alerting: Alerting
    now_ms: Callable[[], int]
    zone: tzinfo
    charset: Charset = "braille"
    dangers: tuple[re.Pattern[str], ...] = compiled(USUAL)
    """What is asked about before it is run."""
    kept: Kept = msgspec.field(default_factory=Forgetful)
    """What one chose to look at."""
    access: Access = msgspec.field(default_factory=NoAccess)  # type: ignore[assignment] # it refuses everything
    """Users, keys and grants."""
    boards: BoardFile = msgspec.field(default_factory=NoBoards)
    """Dashboards."""

    def is_current(self, row: Row) -> bool:
        """Say whether the figures of a server are of now: the hub is heard, and hears its agent."""
        return self.store.link.phase is LinkPhase.LIVE and row.status == "online"
