"""A command on one server: as if it ran here."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import HubRefusedError, refused_by_code
from chatops_tui.client.following import FollowEnded, Interrupted, Missed, run_events
from chatops_tui.commands.interrupts import Interrupts
from chatops_tui.commands.outcome import exit_status
from chatops_tui.commands.printer import Printer
from chatops_tui.commands.say import complain
from chatops_tui.exit_code import ExitCode
from chatops_wire.commands import OUTPUT_LIMIT_BYTES, CommandFinished, CommandOutput
from chatops_wire.rest import ServerView
from chatops_wire.rest_commands import CommandCreate, CommandView

# Whatever JSON writes in one or two characters; other controls take six.
_PRINTED: Final = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f]*")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run, wherever."""

    command: str
    timeout_s: float
    stdin: bytes | None
    cwd: str | None
    max_output: int = OUTPUT_LIMIT_BYTES
    """Bytes that are sent here; the hub keeps OUTPUT_LIMIT_BYTES at most, also of more."""

    @property
    def stdin_text(self) -> str | None:
        """The input where it is text, which every agent knows how to take."""
        return None if self.stdin is None else _text(self.stdin)

    @property
    def stdin_bytes(self) -> bytes | None:
        """The input where it is none."""
        return self.stdin if self.stdin is not None and _text(self.stdin) is None else None

    def on(self, server_id: str) -> CommandCreate:
        """Return what the hub is asked to run on one server, without waiting for its end."""
        return CommandCreate(
            server_id=server_id,
            command=self.command,
            timeout_s=self.timeout_s,
            stdin=self.stdin_text,
            stdin_data=self.stdin_bytes,
            cwd=self.cwd,
            max_output=self.max_output,
            wait=False,
        )


def _text(data: bytes) -> str | None:
    """Return bytes as text; None where they are none, or would take more room than as base64."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if _PRINTED.fullmatch(text) else None


async def run_on_one(hub: Hub, server: ServerView, order: Order, printer: Printer) -> int:
    """Run it, print what it prints, and return its exit status; LeftError as `Interrupts.around`."""
    running: list[str] = []
    interrupts = Interrupts(hub.rest, lambda: tuple(running))

    async def job() -> int:
        try:
            view = await hub.rest.run_command(order.on(server.id))
        except HubRefusedError as exc:
            return await _not_begun(server, exc, printer)
        running.append(view.command_id)
        if interrupts.is_cancelling:
            await interrupts.cancel(running, force=False)
        finished, received = await _followed(hub, view.command_id, printer)
        running.clear()
        await _told(hub, server, finished, printer)
        status = exit_status(finished.status, finished.exit_code, finished.signal)
        if printer.as_json or received >= finished.output_bytes:
            return status
        text = f"part of its output is missing: {received} of {finished.output_bytes} bytes came"
        await printer.note([f"chatops: {server.name}: {text}"])
        # A script must not take a part for the whole.
        return status or ExitCode.REFUSED

    try:
        return await interrupts.around(job())
    except BrokenPipeError:
        # Whoever read the output has gone: a program that ran here would end now.
        await interrupts.cancel(running, force=False)
        raise


async def _followed(hub: Hub, command_id: str, printer: Printer) -> tuple[CommandFinished, int]:
    """Return how it ended, and how many bytes of output came."""
    passage = None if printer.as_json else printer.whole()
    received = 0
    async with run_events(hub.feed, command_id) as events:
        while True:
            match await events.get():
                case CommandOutput() as output:
                    received += len(output.data)
                    if passage is not None:
                        await passage.take(output.stream, output.data)
                case CommandFinished() as finished:
                    if passage is not None:
                        await passage.finish()
                    return finished, received
                case Interrupted() | Missed():
                    # Bytes that are missing are counted at the end.
                    pass
                case FollowEnded() as ended:
                    raise refused_by_code(ended.code, ended.message)


async def _not_begun(server: ServerView, exc: HubRefusedError, printer: Printer) -> int:
    if printer.as_json:
        facts = {"status": "refused", "code": exc.code, "message": exc.detail}
        await printer.object({"server": server.name, "server_id": server.id, **facts})
    complain(f"{server.name}: {exc}")
    return ExitCode.REFUSED


async def _told(hub: Hub, server: ServerView, finished: CommandFinished, printer: Printer) -> None:
    """Print what the output did not say: the whole object, or why there is no ordinary end."""
    if printer.as_json:
        await printer.object(described(server.name, await hub.rest.command(finished.command_id)))
    elif finished.status not in {"succeeded", "failed"}:
        view = await hub.rest.command(finished.command_id)
        await printer.note([f"chatops: {server.name}: {reason_of(view)}"])


def described(name: str, view: CommandView) -> dict[str, object]:
    """Return a command as it is printed in JSON: the hub's own object, and the server's name."""
    return {"server": name, **msgspec.structs.asdict(view)}


def reason_of(view: CommandView) -> str:
    """Return in words why a command has no ordinary end."""
    why = view.message or view.code or ""
    match view.status:
        case "timed_out":
            return f"timed out after {view.timeout_s:g} s"
        case "lost":
            told = why or "its agent went away"
            return f"lost, it may have run all the same: {told}"
        case "refused":
            return f"refused: {why}" if why else "refused"
        case status:
            return f"{status}: {why}" if why else status
