"""What standard input gives a remote command: what is piped or redirected there; nobody is waited for."""

import os
import select
import stat
import sys
from typing import Final, Literal

from chatops_tui.commands.say import complain

Wanted = Literal["auto", "all", "none"]
"""auto: a pipe or a file; all: whatever it is, to its end; none: nothing."""

# It goes to the agent in one frame (docs/protocol.md).
MOST_BYTES: Final = 512 * 1024
# Cron, a supervisor or an editor may hold a pipe open that nothing will ever come through. Who pipes
# something has begun to write by then, or says --stdin.
BEGINS_WITHIN_S: Final = 2.0


def given_input(wanted: Wanted) -> bytes | None:
    """Return what standard input holds up to its end; None: nothing is to be given.

    Raises:
        ValueError: It is too much; the text is a sentence.
    """
    fd = _standard_input()
    if wanted == "none" or fd is None or (wanted == "auto" and not _brings_something(fd)):
        return None
    given = bytearray()
    while piece := os.read(fd, 64 * 1024):
        given += piece
        if len(given) > MOST_BYTES:
            raise ValueError(f"standard input: at most {MOST_BYTES // 1024} KiB can be given (-n gives none)")
    return bytes(given)


def _standard_input() -> int | None:
    # Closed (`<&-`), the number may be another file's by now.
    return None if sys.__stdin__ is None or sys.__stdin__.closed else sys.__stdin__.fileno()


def _brings_something(fd: int) -> bool:
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return True
    # A terminal, /dev/null and other devices are not meant for the command unless somebody says so.
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return False
    ready, _, _ = select.select([fd], [], [], BEGINS_WITHIN_S)
    if not ready:
        waited = f"nothing came on standard input for {BEGINS_WITHIN_S:g} s"
        complain(f"{waited}, so the command gets none (--stdin waits for it, -n does not look)")
    return bool(ready)
