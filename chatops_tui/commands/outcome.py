"""How a command ended, as an exit status and in words. Pure."""

from typing import Final

from chatops_tui.exit_code import ExitCode
from chatops_wire.commands import CommandStatus

# What `timeout` returns; only where the command itself has no status of its own that says it failed.
TIMED_OUT: Final = 124
# A shell's own rule for a command that was ended by a signal.
SIGNALLED: Final = 128
_MOST: Final = 255


def exit_status(status: CommandStatus, code: int | None, number: int | None) -> int:
    """Return the status to exit with for one command: its own, or 128 and the signal that ended it.

    Only one that succeeded is 0.
    """
    if status == "succeeded":
        return ExitCode.DONE
    own = code if code is not None else SIGNALLED + number if number is not None else 0
    if own:
        return own & _MOST or ExitCode.REFUSED
    match status:
        case "timed_out":
            return TIMED_OUT
        case "cancelled":
            return ExitCode.INTERRUPTED
        case _:
            return ExitCode.REFUSED


def in_words(status: CommandStatus, code: int | None, number: int | None) -> str:
    """Return how it ended, in two or three words."""
    match status:
        case "succeeded" | "failed":
            return f"signal {number}" if number is not None else f"exit {code if code is not None else '?'}"
        case "timed_out":
            return "timed out"
        case "running" | "cancelled" | "refused" | "lost":
            return status
