"""Takes the hub's requests about terminals: which are opened, refused, listed, or meant for one that is."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chatops_agent.actions.terminals.shell import Opener
from chatops_agent.actions.terminals.terminal import Patience, Terminal
from chatops_agent.actions.workshop import Workshop
from chatops_wire.codes import Refusal
from chatops_wire.terminals import (
    TerminalClose,
    TerminalCredit,
    TerminalData,
    TerminalDetach,
    TerminalList,
    TerminalOpen,
    TerminalResize,
)
from chatops_wire.terminals import Terminals as ListOfTerminals

log = logging.getLogger(__name__)

MOST_OPEN: Final = 16
_NO_TERMINALS: Final = "this machine allows no terminals (--allow)"
_NO_SHELLS: Final = "this machine allows no shells in its containers (--allow docker, --docker-deny)"
_NARROWED: Final = "the hub has narrowed what this machine is asked for"
# Names of terminfo entries.
_TERM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")

_ToOne = TerminalOpen | TerminalData | TerminalResize | TerminalCredit | TerminalDetach | TerminalClose
TerminalMessage = _ToOne | TerminalList


@dataclass(frozen=True, slots=True)
class Places:
    """Where terminals may be opened."""

    host: Opener | None
    """On the machine itself; None: this machine allows none."""
    container: Callable[[str], Opener] | None
    """In a container of this id or name; None: this machine allows none."""


class Terminals:
    """All terminals of this agent: at most 16, the next one is refused."""

    def __init__(self, shop: Workshop, patience: Patience, places: Places) -> None:
        self._shop = shop
        self._places = places
        self._patience = patience
        self._terminals: dict[str, Terminal] = {}

    def handle(self, message: TerminalMessage) -> None:
        """Do what the hub asks for, or begin to."""
        match message:
            case TerminalList():
                items = tuple(each.facts for each in self._terminals.values() if not each.is_over)
                self._shop.rota.answer(ListOfTerminals(request_id=message.request_id, items=items))
            case TerminalOpen(attach=False):
                self._open(message)
            case _:
                self._pass_on(message)

    def disconnected(self) -> None:
        """Go on without a connection."""
        for terminal in self._terminals.values():
            terminal.orphan()

    def narrow(self, *, host: bool, container: bool) -> None:
        """End those on the machine itself, or in containers, that the hub has done without from now on."""
        for terminal in self._terminals.values():
            if not (container if terminal.is_in_container else host):
                terminal.close(_NARROWED)

    def close(self) -> None:
        """Forget everything; no task of a terminal may be left."""
        for terminal in self._terminals.values():
            terminal.drop()
        self._terminals.clear()

    def _open(self, opening: TerminalOpen) -> None:
        refusal = self._refusal(opening)
        if refusal is not None:
            self._refuse(opening.terminal_id, *refusal)
            return
        opener = self._opener(opening)
        if opener is None:
            text = _NO_TERMINALS if opening.container is None else _NO_SHELLS
            self._refuse(opening.terminal_id, Refusal.NOT_ALLOWED, text)
            return
        log.info("terminal opened", extra={"terminal_id": opening.terminal_id})
        terminal = Terminal(opening, opener, self._shop.rota, self._patience)
        self._terminals[opening.terminal_id] = terminal
        self._shop.begin(self._conduct(opening.terminal_id, terminal), f"terminal-{opening.terminal_id}")

    async def _conduct(self, terminal_id: str, terminal: Terminal) -> None:
        try:
            await terminal.conduct()
        finally:
            log.info("terminal closed", extra={"terminal_id": terminal_id})
            terminal.drop()
            if self._terminals.get(terminal_id) is terminal:
                del self._terminals[terminal_id]

    def _pass_on(self, message: _ToOne) -> None:
        terminal = self._terminals.get(message.terminal_id)
        if terminal is not None and not terminal.is_told:
            _tell(terminal, message)
        elif isinstance(message, TerminalOpen | TerminalData):
            self._refuse(message.terminal_id, Refusal.NOT_FOUND, "no such terminal here (any more)")

    def _opener(self, opening: TerminalOpen) -> Opener | None:
        if opening.container is None:
            return self._places.host
        return None if self._places.container is None else self._places.container(opening.container)

    def _refusal(self, opening: TerminalOpen) -> tuple[Refusal, str] | None:
        if opening.terminal_id in self._terminals:
            return Refusal.DUPLICATE, "there is a terminal of this id"
        if _TERM.fullmatch(opening.term) is None:
            return Refusal.INVALID_REQUEST, "term is no name of a terminal"
        if sum(not each.is_over for each in self._terminals.values()) >= MOST_OPEN:
            return Refusal.BUSY, f"{MOST_OPEN} terminals are open here already"
        return None

    def _refuse(self, terminal_id: str, code: Refusal, reason: str) -> None:
        self._shop.rota.answer(TerminalClose(terminal_id=terminal_id, reason=reason, code=code.value))


def _tell(terminal: Terminal, message: _ToOne) -> None:
    match message:
        case TerminalOpen():
            terminal.attach(message)
        case TerminalData():
            terminal.type(message.data)
        case TerminalResize():
            terminal.resize(message.cols, message.rows)
        case TerminalCredit():
            terminal.grant(message.bytes)
        case TerminalDetach():
            terminal.detach(message.within_s)
        case TerminalClose():
            terminal.close(message.reason or "closed")
