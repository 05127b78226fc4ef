"""Terminals written down: who opened which where and when, why it ended, and what was recorded."""

from collections.abc import AsyncGenerator, Callable

from chatops_server.broker.server_state import ServerState
from chatops_server.broker.terminals import Terminal
from chatops_server.domain.permissions import Principal
from chatops_server.errors import NotFoundError
from chatops_server.services.access import Caller
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.terminals.recordings import Recordings
from chatops_server.storage.base import Storage
from chatops_server.storage.sql import terminals as sql
from chatops_server.storage.sql.events import NewEvent
from chatops_wire.rest_commands import TerminalView
from chatops_wire.terminals import TerminalClose
from chatops_wire.times import format_ms

KIND = "terminal"
_PIECE = 20


class Logbook:
    """Writes terminals down and reads them back; methods raise StorageError."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        recordings: Recordings,
        now_ms: Callable[[], int],
        node_id: str | None = None,
    ) -> None:
        """Take this hub's id among several; None: it is alone."""
        self._node_id = node_id
        self._storage = storage
        self._ledger = ledger
        self._recordings = recordings
        self._now_ms = now_ms

    async def load(self) -> None:
        """Note that what an earlier hub relayed is no longer relayed.

        Of several hubs the database knows whose it was (services.hubs.heartbeat).
        """
        if self._node_id is not None:
            return
        await self._storage.write(sql.close_left_terminals(self._now_ms(), "the hub was restarted"))

    async def opened(self, terminal: Terminal, state: ServerState, principal: Principal) -> None:
        """Store a terminal that is about to be opened."""
        where = f"in {terminal.container} on {state.name}" if terminal.container else f"on {state.name}"
        message = f"{principal.username} opened a terminal {where}"
        data = {} if terminal.container is None else {"container": terminal.container}
        event = NewEvent(KIND, message, state.id, terminal.user_id, {"terminal_id": terminal.id, **data})
        deed = Deed("terminal.open", Caller(principal, None), terminal.id, state.id, data=data, event=event)
        new = sql.NewTerminal(terminal.id, state.num, terminal.user_id, self._now_ms(), self._node_id)
        await self._ledger.commit(sql.add_terminal(new), deed)

    async def attached(self, terminal: Terminal, principal: Principal) -> int | None:
        """Store that somebody is about to view a terminal again; return when it was opened, if known."""
        deed = Deed("terminal.attach", Caller(principal, None), terminal.id, terminal.server_id)
        return await self._ledger.commit(sql.reopen_terminal(terminal.id, self._node_id), deed)

    async def denied(self, principal: Principal, kind: str, server_id: str | None) -> None:
        """Write down that a request was not the user's to make."""
        await self._ledger.denied(Caller(principal, None), kind, server_id)

    async def closed(self, terminal: Terminal, ended: TerminalClose) -> None:
        """Store that a terminal ended, after its recording."""
        size = None if terminal.recording is None else await terminal.recording.close()
        name = terminal.session.state.name
        data = {"terminal_id": terminal.id, "reason": ended.reason[:200], "exit_code": ended.exit_code}
        message = f"a terminal on {name} ended: {ended.reason[:200] or 'its shell ended'}"
        event = NewEvent(KIND, message, terminal.server_id, terminal.user_id, data)
        deed = Deed(
            "terminal.close",
            Caller(None, None),
            terminal.id,
            terminal.server_id,
            ended.code or "ok",
            data,
            event,
            terminal.user_id,
        )
        end = sql.TerminalEnd(self._now_ms(), ended.reason[:200], size, self._node_id)
        await self._ledger.commit(sql.close_terminal(terminal.id, end), deed)

    async def owners(self, server_id: str) -> dict[str, str | None]:
        """Return who opened the terminals of a server, by the terminal's id."""
        return await self._storage.read(sql.terminal_owners(server_id))

    async def listed(
        self, principal: Principal, server_id: str | None, before: int, limit: int
    ) -> tuple[list[TerminalView], int | None]:
        """Return the user's terminals, for admins everybody's, newest first; and the cursor of the next."""
        user_id = None if principal.role == "admin" else principal.user_id
        rows = await self._storage.read(sql.terminals_of(user_id, server_id, before, limit + 1))
        shown = rows[:limit]
        return [_view(row) for row in shown], shown[-1].num if len(rows) > limit else None

    async def recording(self, principal: Principal, terminal_id: str) -> AsyncGenerator[bytes, None]:
        """Return a terminal's recording, piece by piece.

        Raises:
            NotFoundError: No such terminal of this user's (admins have all), or it was not recorded.
        """
        row = await self._storage.read(sql.terminal(terminal_id))
        if row is None or (principal.role != "admin" and row.user_id != principal.user_id):
            raise NotFoundError("no such terminal")
        if row.recorded_bytes is None:
            raise NotFoundError("there is no recording of this terminal")
        return self._recordings.read(terminal_id)

    async def drop_before(self, ms: int) -> None:
        """Drop terminals opened before then, with their recordings."""
        while ids := await self._storage.write(sql.drop_terminals_before(ms, _PIECE)):
            await self._recordings.drop(ids)


def _view(row: sql.TerminalRow) -> TerminalView:
    return TerminalView(
        terminal_id=row.id,
        server_id=row.server_id,
        user_id=row.user_id,
        opened_at=format_ms(row.opened_ms),
        closed_at=None if row.closed_ms is None else format_ms(row.closed_ms),
        reason=row.reason,
        recorded_bytes=row.recorded_bytes,
    )
