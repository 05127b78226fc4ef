"""Keeps with an alert what its machine's log said when it fired, where the agent lets the hub read it."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from msgspec.structs import replace

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.permissions import Principal
from chatops_server.errors import AllToldError, ChatopsError, NotAllowedError
from chatops_server.services.alerting.journal import Journal
from chatops_server.services.alerting.watches import Watch
from chatops_server.services.errands import Errands
from chatops_server.services.log_streams import LogStreams
from chatops_wire.rest_alerts import AlertContext
from chatops_wire.streams import LogLine, LogSource

log = logging.getLogger(__name__)

LINES: Final = 20
# Of a fleet that fires at once the first ones; the log of one machine is not worth more of the hub's time.
MOST_AT_ONCE: Final = 20
WITHIN_S: Final = 5.0
# Where systems write what happens: Debian and its kin, Red Hat and its kin.
_FILES: Final = ("/var/log/syslog", "/var/log/messages")
_CAPABILITY: Final = "logs"
# A line is cut where nobody reads on; twenty whole ones of 1 MiB would stand in every notification.
_LINE_CHARACTERS: Final = 500
_NEVER_MS: Final = 2**62


class LogLines:
    """Asks agents for the last lines of a log. For the event loop's thread only."""

    def __init__(self, fleet: Fleet, streams: LogStreams, journal: Journal) -> None:
        self._fleet = fleet
        self._streams = streams
        self._journal = journal
        self._errands = Errands()
        # Agents that do not let it, so that each is asked, and its refusal written down, once.
        self._refused: set[str] = set()

    def fired(self, watch: Watch, alert: Alert) -> None:
        """Begin to read, unless the agent does not let the hub, or too many are read already."""
        server = self._fleet.get(alert.server_id)
        if server is None or not server.is_online or _CAPABILITY not in server.offered:
            return
        if server.id not in self._refused and len(self._errands) < MOST_AT_ONCE:
            self._errands.start(self._attached(watch, alert), f"alert-log-{alert.id}")

    async def close(self) -> None:
        """End all reading."""
        await self._errands.stop()

    async def _attached(self, watch: Watch, alert: Alert) -> None:
        for source in _sources(alert):
            lines = await self._read(alert.server_id, source)
            if not lines:
                continue
            # The alert may have ended, or another one begun, while the agent was asked.
            current = watch.alert
            if current is not None and current.id == alert.id and current.resolved_ms is None:
                context = current.context or AlertContext()
                named = source.path or source.container or ""
                self._journal.attach(watch, replace(context, logs=tuple(lines), log_source=named))
            return

    async def _read(self, server_id: str, source: LogSource) -> Sequence[LogLine]:
        hub, lines = Principal("", "hub", "admin", _NEVER_MS, 0), list[LogLine]()
        try:
            async with (
                asyncio.timeout(WITHIN_S),
                aclosing(self._streams.follow(hub, server_id, source)) as pieces,
            ):
                async for piece in pieces:
                    lines.extend(replace(line, line=line.line[:_LINE_CHARACTERS]) for line in piece)
        except AllToldError:
            pass
        except NotAllowedError:
            self._refused.add(server_id)
        except (ChatopsError, TimeoutError) as exc:
            log.debug("no log lines for an alert", extra={"server_id": server_id, "reason": str(exc)})
        return lines[-LINES:]


def _sources(alert: Alert) -> Sequence[LogSource]:
    if alert.metric.startswith("container."):
        names = [alert.target] if alert.target else []
        return [LogSource(container=name, tail=LINES, follow=False) for name in names]
    return [LogSource(path=path, tail=LINES, follow=False) for path in _FILES]
