"""Refuses what is not signed on a machine that asks for signatures, before anybody acts on it."""

from typing import Final, get_args

from chatops_agent.policy import Signable
from chatops_agent.signers import SignatureGate
from chatops_wire.agent import ActionRequest
from chatops_wire.codes import Refusal
from chatops_wire.commands import Command, CommandResponse
from chatops_wire.containers import Change, DockerCommand, DockerResponse
from chatops_wire.signing import attach_params, command_params, docker_params, terminal_params
from chatops_wire.terminals import TerminalClose, TerminalOpen

_CODE: Final = Refusal.NOT_ALLOWED.value
_CHANGES: Final = frozenset(get_args(Change))

Closing = CommandResponse | TerminalClose | DockerResponse


def refused(gate: SignatureGate, request: ActionRequest) -> Closing | None:
    """Return the answer to a request that is not signed as it must be; None lets it pass."""
    match request:
        case Command() if gate.asks_for("commands"):
            text = gate.refusal("command", command_params(request), request.signature)
            closing: Closing = CommandResponse(
                command_id=request.command_id, status="refused", code=_CODE, message=text or ""
            )
        case TerminalOpen() if gate.asks_for(*_kinds(request)):
            text = _of_terminal(gate, request)
            closing = TerminalClose(terminal_id=request.terminal_id, reason=text or "", code=_CODE)
        case DockerCommand() if gate.asks_for("docker") and _acts(request):
            params = docker_params(request.action, request.container_id, request.params)
            text = gate.refusal("docker", params, request.signature)
            closing = DockerResponse(
                command_id=request.command_id, success=False, code=_CODE, message=text or ""
            )
        case _:
            return None
    return None if text is None else closing


def _kinds(request: TerminalOpen) -> tuple[Signable, ...]:
    # Which of both an attached one is only its opening told.
    if request.attach:
        return "terminal", "docker"
    # A shell in a container does with it what one likes.
    return ("terminal",) if request.container is None else ("terminal", "docker")


def _acts(request: DockerCommand) -> bool:
    return request.action in _CHANGES or bool(request.params.get("reveal"))


def _of_terminal(gate: SignatureGate, request: TerminalOpen) -> str | None:
    if request.attach:
        return gate.refusal("terminal_attach", attach_params(request.terminal_id), request.signature)
    return gate.refusal("terminal", terminal_params(request.container), request.signature)
