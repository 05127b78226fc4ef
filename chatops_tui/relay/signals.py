"""Signals told to the event loop for a while."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def caught(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Call these from the event loop meanwhile, in place of whoever was to be called.

    Only in the main thread. A handler that was set by `loop.add_signal_handler` is not brought back.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            loop.remove_signal_handler(number)
            if earlier is not None:
                signal.signal(number, earlier)
