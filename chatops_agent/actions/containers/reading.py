"""What is read of containers: the list, one in detail, its processes, and the end of its log."""

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import to_builtins

from chatops_agent.actions.containers import rules
from chatops_agent.actions.containers.log_frames import LogFrames
from chatops_agent.actions.containers.log_source import Span, has_tty, opened
from chatops_agent.actions.containers.redaction import redacted
from chatops_agent.actions.containers.rules import Order
from chatops_agent.actions.containers.work import Answer, Work, described, inspected
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.collectors.text import command_line
from chatops_wire.streams import MAX_TAIL, LogLine

# Of a frame's megabyte; what is longer is followed as a stream.
_MOST_BYTES: Final = 900_000
# What a line costs besides its text.
_AROUND: Final = 80


class ContainerReading:
    """Reads, and changes nothing."""

    def __init__(self, watch: ContainerWatch) -> None:
        self._watch = watch

    @property
    def work(self) -> dict[str, Work]:
        """What is done by action."""
        return {"list": self._list, "inspect": self._inspect, "top": self._top, "logs": self._logs}

    async def _list(self, order: Order) -> Answer:
        del order
        await self._watch.inventory.look_at_all()
        known = self._watch.inventory.containers or ()
        return {"containers": [to_builtins(self._watch.complete(each)) for each in known]}

    async def _inspect(self, order: Order) -> Answer:
        params = order.read(rules.Inspecting)
        details = await inspected(self._watch, order.target)
        return {
            "container": to_builtins(self._watch.complete(await described(self._watch, details))),
            "inspect": dict(details) if params.reveal else redacted(details),
        }

    async def _top(self, order: Order) -> Answer:
        details = await inspected(self._watch, order.target)
        shown = await self._watch.engine.call(lambda api: api.top(str(details["Id"])))
        return {
            "titles": [str(each) for each in shown.get("Titles") or ()],
            "processes": [[_cell(each) for each in row] for row in shown.get("Processes") or ()],
        }

    async def _logs(self, order: Order) -> Answer:
        params = order.read(rules.Tailing)
        span = Span.of(min(params.tail, MAX_TAIL), params.since, params.until)
        details = await inspected(self._watch, order.target)
        frames = LogFrames(has_tty=has_tty(details))
        stream = opened(self._watch, str(details["Id"]), span.parameters(follow=False), frames)
        kept = _Newest()
        try:
            while lines := await stream.next():
                kept.add(lines)
        finally:
            stream.close()
        return {"lines": [to_builtins(line) for line in kept.lines], "truncated": kept.truncated}


class _Newest:
    """The last lines that fit into a frame."""

    def __init__(self) -> None:
        self.lines: deque[LogLine] = deque()
        self.truncated = False
        self._size = 0

    def add(self, lines: Iterable[LogLine]) -> None:
        for line in lines:
            self.lines.append(line)
            self._size += _size(line)
        while self._size > _MOST_BYTES and len(self.lines) > 1:
            self._size -= _size(self.lines.popleft())
            self.truncated = True


def _size(line: LogLine) -> int:
    # As JSON, where a control character takes six bytes.
    return len(msgspec.json.encode(line.line)) + _AROUND


def _cell(value: Any) -> str:  # noqa: ANN401 - the engine's
    # The last column is a command line.
    return command_line(str(value).encode("utf-8", "replace"))
