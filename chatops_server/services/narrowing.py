"""Narrows what a server is asked for, and holds the hub to it."""

from collections.abc import Callable
from dataclasses import dataclass

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.server_state import ServerState
from chatops_server.broker.sessions import AgentSessions
from chatops_server.domain.narrowing import Narrowing, leaves
from chatops_server.errors import NotAllowedError
from chatops_server.services.access import Caller
from chatops_wire import codec
from chatops_wire.agent import Narrow
from chatops_wire.policy import Allowance, PolicyPatch, PolicyView
from chatops_wire.times import format_ms


@dataclass(frozen=True, slots=True)
class Narrowings:
    """Carries a narrowing to whom it concerns, once it is stored."""

    fleet: Fleet
    sessions: AgentSessions
    now_ms: Callable[[], int]

    def made(self, patch: PolicyPatch, caller: Caller) -> Narrowing | None:
        """Return what is to be stored; None: nothing is narrowed any longer."""
        if patch.allowed is None:
            return None
        allowed = tuple(dict.fromkeys(patch.allowed))
        name = caller.principal.username if caller.principal else ""
        return Narrowing(allowed=allowed, by=caller.user_id, by_name=name, at_ms=self.now_ms())

    def told(self, server_id: str, narrowing: Narrowing | None) -> None:
        """Hold to it from now on, and tell the server's agent."""
        self.fleet.narrowed(server_id, narrowing)
        session = self.sessions.get(server_id)
        if session is not None:
            session.outbox.put(narrow_frame(narrowing))


def narrow_frame(narrowing: Narrowing | None) -> bytes:
    """Return what an agent is told of a narrowing."""
    return codec.encode(Narrow(allowed=None if narrowing is None else narrowing.allowed))


def require(state: ServerState, *any_of: Allowance) -> None:
    """Let pass what the hub asks of this server where one of these is left; nothing named: always.

    Raises:
        NotAllowedError: The server is narrowed to less.
    """
    if any_of and not leaves(state.narrowing, *any_of):
        raise NotAllowedError(narrowed_words(state))


def narrowed_words(state: ServerState) -> str:
    """Return why the hub does not ask for something."""
    left = ", ".join(state.narrowing.allowed) if state.narrowing else ""
    return f"this server is narrowed at the hub to: {left or 'nothing but samples'}"


def policy_view(state: ServerState) -> PolicyView:
    """Return what may be asked of a server, and who decided what."""
    narrowing = state.narrowing
    return PolicyView(
        server_id=state.id,
        capabilities=state.offered,
        machine_capabilities=state.capabilities,
        machine=state.policy,
        narrowed=None if narrowing is None else narrowing.allowed,
        narrowed_by=None if narrowing is None else narrowing.by,
        narrowed_by_name=None if narrowing is None else narrowing.by_name,
        narrowed_at=None if narrowing is None else format_ms(narrowing.at_ms),
    )
