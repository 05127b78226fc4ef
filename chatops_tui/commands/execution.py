"""`chatops exec`: a command on one server or many, its output as it comes, its status at the end."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from chatops_tui.client.connect import Hub
from chatops_tui.commands.given_input import Wanted, given_input
from chatops_tui.commands.interrupts import LeftError
from chatops_tui.commands.live import over_feed
from chatops_tui.commands.many_servers import run_on_many
from chatops_tui.commands.one_server import Order, run_on_one
from chatops_tui.commands.outlet import Outlet
from chatops_tui.commands.printer import Printer
from chatops_tui.commands.say import charset, complain
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import UnknownServerError, named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_wire.commands import LONGEST_TIMEOUT_S
from chatops_wire.rest import ServerView
from chatops_wire.rest_commands import BatchCreate

# Whoever runs it on one server may be copying a file: a tebibyte, the most the hub takes.
_ALL_OUTPUT: Final = 2**40


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run where, as it was typed."""

    names: tuple[str, ...]
    words: tuple[str, ...]
    selector: str | None = None
    timeout_s: float = 60.0
    cwd: str | None = None
    given: Wanted = "none"
    """Of standard input."""
    concurrency: int = 10
    stop_after: int | None = None
    as_json: bool = False


def plan_of(arguments: argparse.Namespace) -> Plan:
    """Return what was typed after `chatops exec`."""
    return Plan(
        names=tuple(arguments.servers),
        words=arguments.words,
        selector=arguments.selector,
        timeout_s=arguments.timeout,
        cwd=arguments.cwd,
        given=arguments.given,
        concurrency=arguments.concurrency,
        stop_after=arguments.stop_after,
        as_json=arguments.json,
    )


def execute(settings: Settings, plan: Plan) -> int:
    """Run it and return the exit status: the command's own for one named server, else 0 if all succeeded."""
    try:
        order = _order(plan)
    except ValueError as exc:
        complain(str(exc))
        return ExitCode.USAGE

    async def job(hub: Hub) -> int:
        return await over_feed(hub, _run(hub, settings, plan, order))

    try:
        return with_hub(settings, job)
    except UnknownServerError as exc:
        complain(str(exc))
        return ExitCode.REFUSED
    except LeftError as exc:
        return exc.status


def command_text(words: tuple[str, ...]) -> str:
    """Return the command: one word as it stands, several quoted for a shell and joined."""
    return words[0] if len(words) == 1 else shlex.join(words)


async def _run(hub: Hub, settings: Settings, plan: Plan, order: Order) -> int:
    servers = await hub.rest.servers()
    targets = named(servers, plan.names)
    outlet = Outlet()
    printer = Printer(outlet, charset(settings), as_json=plan.as_json)
    try:
        if len(targets) == 1 and plan.selector is None:
            whole = order if plan.as_json else replace(order, max_output=_ALL_OUTPUT)
            status = await run_on_one(hub, targets[0], whole, printer)
        else:
            status = await run_on_many(hub, _batch(plan, order, targets), servers, printer)
        await outlet.flush()
    finally:
        await outlet.close()
    return status


def _batch(plan: Plan, order: Order, targets: Sequence[ServerView]) -> BatchCreate:
    return BatchCreate(
        server_ids=tuple(target.id for target in targets),
        select=plan.selector or "",
        command=order.command,
        timeout_s=order.timeout_s,
        stdin=order.stdin_text,
        stdin_data=order.stdin_bytes,
        cwd=order.cwd,
        concurrency=plan.concurrency,
        stop_after_failures=plan.stop_after,
    )


def _order(plan: Plan) -> Order:
    """Return what is asked of the hub; ValueError says in a sentence what it could never be asked."""
    if not 0 < plan.timeout_s <= LONGEST_TIMEOUT_S:
        raise ValueError(f"--timeout is more than 0 and at most {LONGEST_TIMEOUT_S:.0f} seconds")
    return Order(command_text(plan.words), plan.timeout_s, given_input(plan.given) or None, plan.cwd)
