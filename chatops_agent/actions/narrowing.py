"""Refuses what the hub itself has said that it does not use on this machine. Pure.

Whoever narrowed it there may mean the hub's other users; a hub that forgets it is held to its own word.
"""

from typing import Final, get_args

from chatops_wire.agent import ActionRequest
from chatops_wire.codes import Refusal
from chatops_wire.commands import Command, CommandResponse
from chatops_wire.containers import Change, DockerCommand, DockerResponse
from chatops_wire.policy import allows
from chatops_wire.streams import StreamClose, StreamOpen
from chatops_wire.terminals import TerminalClose, TerminalData, TerminalOpen

_CODE: Final = Refusal.NOT_ALLOWED.value
_REASON: Final = "the hub has narrowed what this machine is asked for"
_CHANGES: Final = frozenset(get_args(Change))

Closing = CommandResponse | TerminalClose | DockerResponse | StreamClose


def forbidden(to: tuple[str, ...] | None, request: ActionRequest) -> Closing | None:
    """Return the answer to a request that goes beyond what the hub has narrowed this machine to."""
    if to is None or _is_left(to, request):
        return None
    match request:
        case Command(command_id=command_id):
            return CommandResponse(command_id=command_id, status="refused", code=_CODE, message=_REASON)
        case TerminalOpen(terminal_id=terminal_id) | TerminalData(terminal_id=terminal_id):
            return TerminalClose(terminal_id=terminal_id, reason=_REASON, code=_CODE)
        case StreamOpen(stream_id=stream_id):
            return StreamClose(stream_id=stream_id, reason=_REASON, code=_CODE)
        case DockerCommand(command_id=command_id):
            return DockerResponse(command_id=command_id, success=False, code=_CODE, message=_REASON)
        case _:
            return None


def _is_left(to: tuple[str, ...], request: ActionRequest) -> bool:
    match request:
        case Command():
            return allows(to, "commands")
        case TerminalOpen() | TerminalData():
            return _is_left_of_terminals(to, request)
        case StreamOpen(source=source):
            return allows(to, "logs") or (source.container is not None and allows(to, "docker_read"))
        case DockerCommand(action=action, params=params):
            return _is_left_of_docker(to, action, reveals=bool(params.get("reveal")))
        case _:
            # What only ends, slows down or goes on with something that was begun before.
            return True


def _is_left_of_terminals(to: tuple[str, ...], request: TerminalOpen | TerminalData) -> bool:
    if isinstance(request, TerminalOpen) and not request.attach:
        return allows(to, "terminal" if request.container is None else "docker")
    # Of which kind it is only its opening told; those beyond have been ended.
    return allows(to, "terminal") or allows(to, "docker")


def _is_left_of_docker(to: tuple[str, ...], action: str, *, reveals: bool) -> bool:
    if action in _CHANGES or reveals:
        return allows(to, "docker")
    return action == "list" or allows(to, "docker_read") or allows(to, "logs")
