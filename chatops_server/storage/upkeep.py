"""How long what goes with samples stays, on every engine."""

from typing import Final

from chatops_server.domain.ring import WINDOW_MS
from chatops_server.domain.tiers import DAY_MS

# Until then an hour's samples are read back into memory at a start, and few are still to come.
SEAL_AFTER_MS: Final = WINDOW_MS + 5 * 60_000
# A label stays a day longer than the last row that could name it; gaps and old cursors stay a month.
LABELS_LONGER_MS: Final = DAY_MS
CURSORS_FOR_MS: Final = 30 * DAY_MS
# A small fleet's last hour is there before the hub listens; a large one's follows a few seconds later.
LOAD_FIRST_S: Final = 1.0
