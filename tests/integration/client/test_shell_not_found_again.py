"""A shell that cannot be viewed again after its connection broke: why is told, and nothing breaks."""

import os
import pty
import sys
import termios
from collections.abc import Iterator
from typing import cast

import pytest

from chatops_tui.client.errors import SigningError
from chatops_tui.client.terminals import Size, TerminalEnd, TerminalView
from chatops_tui.relay.place import Place
from chatops_tui.relay.shell import Manner, show_shell


class _LostView:
    """A view whose connection has broken."""

    server_id = "srv_1"
    terminal_id = "trm_1"

    async def read(self) -> TerminalEnd:
        return TerminalEnd("link_lost")

    async def detach(self) -> None:
        """There is nobody to tell."""


class _Opener:
    """Opens once; to view it again something would have to be signed, and the key is gone."""

    async def open(
        self, server_id: str, size: Size, *, term: str = "", container: str | None = None
    ) -> TerminalView:
        del server_id, size, term, container
        # What a relay uses of one.
        return cast("TerminalView", _LostView())

    async def attach(self, server_id: str, terminal_id: str, size: Size) -> TerminalView:
        del server_id, terminal_id, size
        raise SigningError("ssh-agent does not hold the key")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal in place of standard input."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "rb", buffering=0) as stdin:
        monkeypatch.setattr(sys, "__stdin__", stdin)
        yield theirs
    os.close(ours)


async def test_a_key_that_is_gone_ends_the_view_and_is_told(terminal: int) -> None:
    before = termios.tcgetattr(terminal)
    left = await show_shell(_Opener(), Place("srv_1", "web-1"), Manner())
    assert (left.kind, left.terminal_id) == ("lost", "trm_1")
    assert left.reason.endswith("could not be found again: ssh-agent does not hold the key")
    assert termios.tcgetattr(terminal) == before
