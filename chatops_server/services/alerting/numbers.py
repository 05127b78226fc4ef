"""What Prometheus is told of alerts and notifications."""

from collections import Counter
from collections.abc import Collection, Mapping

from chatops_server.services.alerting.engine import Engine
from chatops_server.services.notifications.delivery import Delivery


class Numbers:
    """See services.hub_metrics.AlertNumbers."""

    def __init__(self, engine: Engine, delivery: Delivery) -> None:
        self._engine = engine
        self._delivery = delivery

    def open_on(self, server_ids: Collection[str]) -> Mapping[tuple[str, str], int]:
        """Return how many alerts are open on these servers, by status and severity."""
        found: Counter[tuple[str, str]] = Counter()
        for watch in self._engine.open_watches():
            if watch.alert is not None and watch.server_id in server_ids:
                found[(watch.alert.status, watch.alert.severity)] += 1
        return found

    def notifications(self) -> Mapping[str, int]:
        """Return how many messages channels took, and how many attempts failed."""
        return {"delivered": self._delivery.delivered, "failed": self._delivery.failed}
