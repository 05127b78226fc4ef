"""How an alert stands beside others: silenced, muted by a server that is down, coming and going."""

from dataclasses import dataclass
from typing import Final

from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.flapping import Flaps, changed, looked_at
from chatops_server.domain.alerts.readings import SERVER_UP
from chatops_server.services.alerting.silences import Silences

_STEADY: Final = Flaps()


@dataclass(frozen=True, slots=True)
class Standing:
    """What keeps an alert from being told, if anything."""

    silence_id: str | None = None
    is_muted: bool = False
    is_flapping: bool = False


class Standings:
    """Knows which servers are down by an alert, and which alerts come and go; for the event loop only."""

    def __init__(self, silences: Silences) -> None:
        self._silences = silences
        # Servers, with the alerts that say that they are down.
        self._down: dict[str, set[str]] = {}
        self._flaps: dict[tuple[str, str], Flaps] = {}

    def of(self, alert: Alert) -> Standing:
        """Return how an alert stands now."""
        is_muted = alert.metric != SERVER_UP and alert.server_id in self._down
        return Standing(self._silences.covering(alert), is_muted, self._flaps_of(alert).is_flapping)

    def fired(self, alert: Alert, now_ms: int) -> None:
        """Take up that an alert fired, or one that was firing at start-up."""
        if alert.metric == SERVER_UP:
            self._down.setdefault(alert.server_id, set()).add(alert.id)
        self._changed(alert, now_ms)

    def ended(self, alert: Alert, now_ms: int) -> None:
        """Take up that an alert that had fired ended."""
        down = self._down.get(alert.server_id)
        if down is not None:
            down.discard(alert.id)
            if not down:
                del self._down[alert.server_id]
        self._changed(alert, now_ms)

    def steadied(self, now_ms: int) -> list[tuple[str, str]]:
        """Return which no longer come and go: threshold and server; what is long over is forgotten."""
        steady = []
        for key, before in list(self._flaps.items()):
            after = looked_at(before, now_ms)
            if before.is_flapping and not after.is_flapping:
                steady.append(key)
                del self._flaps[key]
            elif changed(before, now_ms).changes_ms == (now_ms,):
                del self._flaps[key]
        return steady

    def _flaps_of(self, alert: Alert) -> Flaps:
        return self._flaps.get((alert.threshold_id, alert.server_id), _STEADY)

    def _changed(self, alert: Alert, now_ms: int) -> None:
        key = (alert.threshold_id, alert.server_id)
        self._flaps[key] = changed(self._flaps.get(key, _STEADY), now_ms)
