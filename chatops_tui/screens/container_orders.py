"""What can be done to containers: its words, which of them it is for, and what is asked before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace
from textual.binding import Binding

from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean, cut
from chatops_tui.store.container_rows import ContainerRow, is_running
from chatops_tui.widgets.confirm import Question
from chatops_wire.containers import Container
from chatops_wire.rest_docker import ContainerAction, ContainerOrder

_NAMES_WIDTH: Final = 300
_PLAIN: Final = ContainerOrder()


@dataclass(frozen=True, slots=True)
class Order:
    """One action in one of its forms."""

    id: str
    action: ContainerAction
    title: str
    done: str
    """How it is told afterwards, before the name."""
    asks: bool = True
    """Whether it interrupts or destroys something, and so is asked about once."""
    note: str = ""
    """What happens then, for the question."""
    how: ContainerOrder = _PLAIN


ORDERS: Final = {
    order.id: order
    for order in (
        Order("start", "start", "Start", "Started", asks=False),
        Order("stop", "stop", "Stop", "Stopped", note="It is asked to end, and killed 10 s later."),
        Order("restart", "restart", "Restart", "Restarted", note="Stopped for up to 10 s, then started."),
        Order("pause", "pause", "Pause", "Paused", note="Its processes stand still until it is resumed."),
        Order("unpause", "unpause", "Resume", "Resumed", asks=False),
        Order("kill", "kill", "Kill", "Killed", note="At once, and without a chance to clean up."),
        Order(
            "hup",
            "kill",
            "Send HUP (most daemons reload)",
            "Sent HUP to",
            asks=False,
            how=ContainerOrder(signal="HUP"),
        ),
        Order("int", "kill", "Send INT", "Sent INT to", how=ContainerOrder(signal="INT")),
        Order("term", "kill", "Send TERM", "Sent TERM to", how=ContainerOrder(signal="TERM")),
        Order("usr1", "kill", "Send USR1", "Sent USR1 to", asks=False, how=ContainerOrder(signal="USR1")),
        Order("usr2", "kill", "Send USR2", "Sent USR2 to", asks=False, how=ContainerOrder(signal="USR2")),
        Order("remove", "remove", "Remove", "Removed", note="What it wrote outside volumes is lost."),
        Order(
            "remove-volumes",
            "remove",
            "Remove with its anonymous volumes",
            "Removed",
            note="What it wrote is lost, its anonymous volumes too.",
            how=ContainerOrder(volumes=True),
        ),
    )
}

CONTAINER_KEYS: Final = (
    Binding("E", "wish('shell')", "Shell", id="containers.shell"),
    Binding("U", "wish('start')", "Start", show=False, id="containers.start"),
    Binding("R", "wish('restart')", "Restart", id="containers.restart"),
    Binding("S", "wish('stop')", "Stop", id="containers.stop"),
    Binding("P", "wish('pause')", "Pause or resume", show=False, id="containers.pause"),
    Binding("K", "wish('kill')", "Kill", show=False, id="containers.kill"),
    Binding("D", "wish('remove')", "Remove", id="containers.remove"),
    Binding("N", "wish('rename')", "Rename", show=False, id="containers.rename"),
    Binding("b", "wish('more')", "More", id="containers.more"),
)
"""Wherever one or more containers are chosen; the wish is one of ORDERS, or what `ContainerDeeds` says."""


def suits(order: Order, item: Container) -> bool:
    """Return whether an action does something to a container as it stands."""
    match order.action:
        case "start":
            return not is_running(item)
        case "stop" | "kill":
            return is_running(item)
        case "pause":
            return item.state in {"running", ""}
        case "unpause":
            return item.state == "paused"
        case _:
            return True


def how(order: Order, item: Container) -> ContainerOrder:
    """Return how it is asked for: what the question has said of this container is meant."""
    force = order.action == "remove" and is_running(item)
    # Without this word the agent spares the container it runs in.
    return replace(order.how, force=force, own=order.asks and item.is_agent)


def question(order: Order, targets: Sequence[ContainerRow], left_out: int = 0) -> Question:
    """Return what is asked before it is done; for what cannot be undone something must be typed.

    Args:
        order: What is wanted.
        targets: Those it is done to, at least one.
        left_out: How many others were chosen where it is not allowed.
    """
    running = sum(is_running(row.item) for row in targets)
    lines: list[Cell] = [_whom(order, targets), [(order.note, "muted")]]
    if order.action == "remove" and running:
        which = "It is" if len(targets) == 1 else f"{running} of them are"
        lines.append([(f"{which} still running, and killed first.", "warn")])
    if any(row.item.is_agent for row in targets):
        lines.append([("The agent itself runs in one of them: its server will be offline.", "crit")])
    if left_out:
        lines.append([(f"{left_out} more are left out: their agents or your role do not allow it.", "warn")])
    if len(targets) == 1:
        name = clean(targets[0].item.name)
        typed = name if order.action == "remove" and running else ""
        return Question(f"{order.title}?", lines, order.title.split(maxsplit=1)[0], type_to_confirm=typed)
    typed = str(len(targets)) if order.action == "remove" else ""
    title = f"{order.title}: {len(targets)} containers?"
    return Question(title, lines, order.title.split(maxsplit=1)[0], type_to_confirm=typed)


def _whom(order: Order, targets: Sequence[ContainerRow]) -> Cell:
    verb = f"{order.title} "
    if len(targets) == 1:
        row = targets[0]
        return [(verb, "text"), (clean(row.item.name), "strong"), (f" on {clean(row.server)}", "text")]
    names = ", ".join(clean(row.item.name) for row in targets)
    servers = {row.server for row in targets}
    where = clean(next(iter(servers))) if len(servers) == 1 else f"{len(servers)} servers"
    return [(verb, "text"), (cut(names, _NAMES_WIDTH), "strong"), (f" on {where}", "text")]
