"""The addresses of one hub, or of several that share a database: which one to call next."""

import random
from collections.abc import Callable
from typing import Final

SEPARATOR: Final = ","


class Addresses:
    """A ring of addresses that begins anywhere, so that many clients spread; each failure moves on by one."""

    def __init__(self, urls: str, chance: Callable[[], float] = random.random) -> None:
        """Take addresses as `config.parse_url` returns them, and uniform random numbers in [0, 1)."""
        self._urls = tuple(urls.split(SEPARATOR))
        self._at = int(chance() * len(self._urls))

    def __len__(self) -> int:
        return len(self._urls)

    @property
    def current(self) -> str:
        """The address to call now."""
        return self._urls[self._at]

    def failed(self, url: str) -> None:
        """Call the next one from now on, unless somebody has found out already."""
        if url == self.current:
            self._at = (self._at + 1) % len(self._urls)
