"""Tries a threshold that is not made yet on what was recorded."""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Final

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.alerts.preview import Episode, episodes
from chatops_server.domain.alerts.readings import SERVER_UP
from chatops_server.domain.alerts.windows import Window
from chatops_server.domain.permissions import Principal
from chatops_server.errors import InvalidRequestError, StorageError
from chatops_server.services.alerting.scope import Scope
from chatops_server.services.alerting.thresholds import Threshold, prepared
from chatops_server.storage.base import HistoryQuery, Storage
from chatops_server.storage.sql.thresholds import ThresholdRow
from chatops_wire.metrics import CATALOGUE
from chatops_wire.rest_alerts import Preview, PreviewCreate, PreviewEpisode
from chatops_wire.times import format_ms

# Each is a chart; who asks for all of a large fleet gets an answer for a part, and how large that is.
MOST_SERVERS: Final = 50
MOST_EPISODES: Final = 1000
# A minute each over a day.
_POINTS: Final = 1440
WITHIN_S: Final = 15.0
_HOUR_MS: Final = 3600 * 1000


class Previews:
    """Answers what a threshold would have done."""

    def __init__(self, storage: Storage, fleet: Fleet, scope: Scope, now_ms: Callable[[], int]) -> None:
        self._storage = storage
        self._fleet = fleet
        self._scope = scope
        self._now_ms = now_ms

    async def preview(self, asked: PreviewCreate, principal: Principal) -> Preview:
        """Run the threshold over the last hours of the servers it would be for, MOST_SERVERS at most.

        Raises:
            InvalidRequestError: The threshold cannot be meant, or no history is kept of its metric.
            NotFoundError, ForbiddenError: The server is not the user's to see, or to manage.
            StorageError: The database does not answer, or not in time.
        """
        self._scope.require_create(asked.threshold.server_id, principal)
        now_ms = self._now_ms()
        threshold = prepared(ThresholdRow("", principal.user_id, asked.threshold, now_ms, now_ms))
        name = threshold.ref.metric.name
        if name not in CATALOGUE or name == SERVER_UP:
            raise InvalidRequestError(f"threshold.metric: no history is kept of {name}")
        start_ms = now_ms - round(asked.hours * _HOUR_MS)
        meant = (state for state in self._fleet if self._scope.covers(threshold.reach, state))
        servers = list(islice(meant, MOST_SERVERS))
        found: list[tuple[ServerState, Episode]] = []
        try:
            async with asyncio.timeout(WITHIN_S):
                for state in servers:
                    times = await self._episodes(threshold, state, start_ms, now_ms)
                    found.extend((state, each) for each in times)
        except TimeoutError as exc:
            raise StorageError(f"a preview took more than {WITHIN_S:g} s") from exc
        return _preview(found, len(servers), now_ms)

    async def _episodes(
        self, threshold: Threshold, state: ServerState, start_ms: int, end_ms: int
    ) -> list[Episode]:
        metric, body = threshold.ref.text, threshold.row.body
        query = HistoryQuery(state.num, [metric], start_ms, end_ms, _POINTS)
        answer = await self._storage.samples.history(query)
        window = Window(round(body.window_s * 1000), body.aggregation) if body.window_s else None
        return episodes(threshold.rule, answer.series.get(metric, ()), window)


def _preview(found: list[tuple[ServerState, Episode]], servers: int, now_ms: int) -> Preview:
    newest = sorted(found, key=lambda each: each[1].started_ms, reverse=True)
    firing_ms = sum((each.ended_ms or now_ms) - each.started_ms for _, each in found)
    return Preview(
        times=len(found),
        seconds=firing_ms / 1000,
        episodes=tuple(
            PreviewEpisode(
                server_id=state.id,
                started_at=format_ms(each.started_ms),
                ended_at=None if each.ended_ms is None else format_ms(each.ended_ms),
                peak=each.peak,
            )
            for state, each in newest[:MOST_EPISODES]
        ),
        servers=servers,
    )
