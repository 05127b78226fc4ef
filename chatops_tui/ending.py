"""How a program that holds a terminal or other programs is told to end: by a signal, without a traceback."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from chatops_tui.exit_code import ExitCode

ASKED: Final = (signal.SIGTERM, signal.SIGINT)
HUNG_UP: Final = (signal.SIGHUP,)


class Ending(SystemExit):
    """Somebody wants the program to end; raised by the handler wherever the main thread is.

    A SystemExit, because an event loop lets no other exception pass through its tasks.
    """


@contextmanager
def ended_by(*signals: signal.Signals) -> Iterator[None]:
    """Raise Ending inside the context when one of these comes. Main thread only."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Ending(ExitCode.DONE)

    before = {number: signal.signal(number, end) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def tell_loop(leave: Callable[[], None]) -> Callable[[], None]:
    """Let the signals that `ended_by` listens to call `leave` while the running loop lasts.

    An exception raised wherever the main thread happens to be is lost where Python takes none: in a
    finalizer, for instance. A loop hears the signal between two of its callbacks.

    Returns:
        What does it again, after somebody else had taken these signals for a while.
    """
    loop = asyncio.get_running_loop()
    numbers = [
        number
        for number in (*ASKED, *HUNG_UP)
        if getattr(signal.getsignal(number), "__module__", "") == __name__
    ]

    def tell() -> None:
        for number in numbers:
            loop.add_signal_handler(number, leave)

    tell()
    return tell


def ignore(*signals: signal.Signals) -> None:
    """Let none of these disturb what is being cleaned up."""
    for number in signals:
        signal.signal(number, signal.SIG_IGN)
