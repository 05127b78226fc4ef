"""Images that are being pulled, as far as this terminal was told. Pure."""

from collections.abc import Iterator
from typing import Final, assert_never

import msgspec

from chatops_wire.client import PullFinished, PullProgress
from chatops_wire.rest_docker import PullBegun

# Ended ones are kept for a look; a list of pulls is in the hub's timeline.
_KEPT: Final = 20

PullEvent = PullBegun | PullProgress | PullFinished


class Pull(msgspec.Struct, frozen=True):
    """One pull. Image and text are others': neutralise before drawing."""

    server_id: str
    image: str
    text: str = ""
    current: float | None = None
    total: float | None = None
    ended: bool = False
    failure: str = ""
    """Why it failed, in words; empty while it goes on and when it went well."""

    @property
    def share(self) -> float | None:
        """How much of it is there, 0 to 1; None where the engine does not tell."""
        if self.current is None or not self.total:
            return None
        return min(1.0, max(0.0, self.current / self.total))


class Pulls:
    """The pulls of all servers, in the order they began."""

    def __init__(self) -> None:
        self._pulls: dict[str, Pull] = {}

    def apply(self, event: PullEvent) -> None:
        """Fold one event in."""
        before = self._pulls.get(event.command_id)
        match event:
            case PullBegun():
                # What it says may come after the first news of it.
                self._pulls.setdefault(event.command_id, Pull(event.server_id, event.image))
            case PullProgress() if before is None or not before.ended:
                self._pulls[event.command_id] = Pull(
                    event.server_id, event.image, event.text, event.current, event.total
                )
            case PullProgress():
                pass
            case PullFinished():
                failure = "" if event.success else event.message or event.code or "it failed"
                self._pulls[event.command_id] = Pull(
                    event.server_id, event.image, ended=True, failure=failure
                )
            case _:
                assert_never(event)
        for old in list(self._pulls)[:-_KEPT]:
            del self._pulls[old]

    def of(self, server_id: str) -> Iterator[Pull]:
        """Yield the pulls of a server that go on, and its failed ones."""
        return (
            pull
            for pull in self._pulls.values()
            if pull.server_id == server_id and (not pull.ended or pull.failure)
        )

    def forget_failed(self, server_id: str) -> None:
        """Forget those of a server that did not go well: somebody has read why."""
        for command_id, pull in list(self._pulls.items()):
            if pull.server_id == server_id and pull.failure:
                del self._pulls[command_id]
