"""/metrics/{server_id}: the latest sample and its past."""

from typing import Final

from chatops_server.domain.permissions import ServerAction
from chatops_server.errors import InvalidRequestError
from chatops_server.services.history_queries import ChartRequest
from chatops_server.web.asking import Ask
from chatops_server.web.routes import Param, Route
from chatops_wire.rest import Coverage, History, MetricsView
from chatops_wire.rest_moments import MomentView

_TAG = "metrics"
DEFAULT_RANGE_MS: Final = 3_600_000
# As long as gaps are kept.
COVERAGE_RANGE_MS: Final = 30 * 86_400_000
DEFAULT_POINTS: Final = 300
# A chart as wide as the widest terminal has two points a column; more only costs.
MAX_POINTS: Final = 2000
# Each is a scan of its own; a screen of charts asks for a dozen.
MAX_METRICS: Final = 20


async def _latest(ask: Ask[None]) -> bytes:
    return ask.hub.servers.latest(ask.server)


async def _history(ask: Ask[None]) -> History:
    metrics = ask.query.texts("metric")
    if not 1 <= len(metrics) <= MAX_METRICS:
        raise InvalidRequestError(f"metric: expected between 1 and {MAX_METRICS} of them")
    end_ms = ask.query.moment_ms("end", ask.hub.now_ms())
    start_ms = ask.query.moment_ms("start", max(0, end_ms - DEFAULT_RANGE_MS))
    points = ask.query.whole("points", DEFAULT_POINTS, (1, MAX_POINTS))
    return await ask.hub.history.chart(ask.server, ChartRequest(metrics, start_ms, end_ms, points))


async def _at(ask: Ask[None]) -> MomentView:
    return await ask.hub.moments.at(ask.server, ask.query.moment_ms("ts", ask.hub.now_ms()))


async def _coverage(ask: Ask[None]) -> Coverage:
    end_ms = ask.query.moment_ms("end", ask.hub.now_ms())
    start_ms = ask.query.moment_ms("start", max(0, end_ms - COVERAGE_RANGE_MS))
    return await ask.hub.history.coverage(ask.server, start_ms, end_ms)


ROUTES = (
    Route(
        method="GET",
        path="/metrics/{server_id}",
        right=ServerAction.READ,
        handle=_latest,
        summary="Show the latest sample, whole; 404 `no_metrics` before the first one.",
        tag=_TAG,
        answer=MetricsView,
    ),
    Route(
        method="GET",
        path="/metrics/{server_id}/history",
        right=ServerAction.READ,
        handle=_history,
        summary="Draw metrics over a range: average, minimum and maximum a bucket; a gap has no points.",
        tag=_TAG,
        answer=History,
        query=(
            Param(
                "metric", "Name, with `:label` for one of several; up to 20.", repeated=True, required=True
            ),
            Param("start", "RFC 3339 or Unix ms, included; an hour before `end` without it."),
            Param("end", "RFC 3339 or Unix ms, not included; now without it."),
            Param(
                "points",
                "At most this many points a metric: 1 to 2000, 300 without it.",
                "integer",
                bounds=(1, MAX_POINTS),
            ),
        ),
        refusals=(400,),
    ),
    Route(
        method="GET",
        path="/metrics/{server_id}/at",
        right=ServerAction.READ,
        handle=_at,
        summary="Show one moment of the past: sample, top processes, open alerts; 404 `no_metrics`: nothing.",
        tag=_TAG,
        answer=MomentView,
        query=(Param("ts", "RFC 3339 or Unix ms; now without it."),),
        refusals=(400,),
    ),
    Route(
        method="GET",
        path="/metrics/{server_id}/coverage",
        right=ServerAction.READ,
        handle=_coverage,
        summary="Tell how many of the samples that were taken are stored, and which its agent had to drop.",
        tag=_TAG,
        answer=Coverage,
        query=(
            Param("start", "RFC 3339 or Unix ms, included; 30 days before `end` without it."),
            Param("end", "RFC 3339 or Unix ms, not included; now without it."),
        ),
        refusals=(400,),
    ),
)
