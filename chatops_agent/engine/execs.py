"""A program that an engine has started in a running container, and how it is ended.

The engine knows no way to end one, and does not end it when its connection closes: measured, a loop, a sleep
and even an idle shell with a TTY went on. So it is killed from outside where this agent sees its process,
else from inside, by a mark in its environment.
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_STEP_S: Final = 0.05
# After a hang-up, and after KILL.
_PATIENCE_S: Final = 1.0
_FROM_INSIDE: Final = (
    "for each in /proc/[0-9]*; do "
    'if grep -q "$0" "$each/environ" 2>/dev/null && [ "${each#/proc/}" != "$$" ]; '
    'then kill -9 "${each#/proc/}" 2>/dev/null; fi; done; true'
)


@dataclass(frozen=True, slots=True)
class Exec:
    """One that has been started; both descriptors are the caller's."""

    exec_id: str
    output: int
    input: int
    early: bytes
    """What it wrote before anybody could read its descriptor."""


@dataclass(frozen=True, slots=True)
class ExecEnd:
    """What is needed to end one."""

    exec_id: str
    container_id: str
    mark: str
    """`NAME=value` in the environment of it and all that it started."""

    def carry_out(self, client: Any) -> int | None:  # noqa: ANN401 - the SDK has no types
        """See to it that it ends and return its exit code; None: it was killed. Blocks up to 2 s."""
        state = client.exec_inspect(self.exec_id)
        if not state.get("Running"):
            return _code(state)
        pid = state.get("Pid") or 0
        if _is_of(pid, self.container_id):
            for number in (signal.SIGHUP, signal.SIGKILL):
                with suppress(OSError):
                    os.kill(pid, number)
                if self._has_ended(client):
                    return _code(client.exec_inspect(self.exec_id)) if number == signal.SIGHUP else None
        # A mark in its own argument would make the searching shell one of those it looks for.
        found = client.exec_create(self.container_id, ["sh", "-c", _FROM_INSIDE, self.mark])
        client.exec_start(found["Id"], detach=True)
        self._has_ended(client)
        return None

    def _has_ended(self, client: Any) -> bool:  # noqa: ANN401 - as above
        deadline = time.monotonic() + _PATIENCE_S
        while client.exec_inspect(self.exec_id).get("Running"):
            if time.monotonic() > deadline:
                return False
            time.sleep(_STEP_S)
        return True


def _is_of(pid: int, container_id: str) -> bool:
    """Say whether this is a process of the container here: its engine may count pids elsewhere."""
    if pid <= 1:
        return False
    with suppress(OSError):
        return container_id in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8")
    return False


def _code(state: dict[str, Any]) -> int | None:
    code = state.get("ExitCode")
    return code if isinstance(code, int) else None
