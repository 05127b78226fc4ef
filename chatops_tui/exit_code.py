"""What the `chatops` command tells the shell when it ends."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The contract's four, and the two every shell knows."""

    DONE = 0
    REFUSED = 1
    """The hub said no or failed, or a program of the demo did."""
    USAGE = 2
    """Wrong flags or settings, or no terminal to draw on."""
    NO_SESSION = 3
    """The hub cannot be reached, or nobody could be signed in."""
    INTERRUPTED = 130
    """128 + SIGINT."""
    BROKEN_PIPE = 141
    """128 + SIGPIPE: whoever read the output has closed it."""
