"""`chatops ack` and `chatops resolve`: say that somebody looks after alerts, or end them by hand."""

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from chatops_tui.client.alert_calls import AlertQuery
from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import HubRefusedError
from chatops_tui.commands.grid import say
from chatops_tui.commands.ids import NoSuchOneError, whole_id
from chatops_tui.commands.say import complain, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode

if TYPE_CHECKING:
    from chatops_wire.rest_alerts import AlertView

# What is looked through for an id that was typed in part.
_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is done to which alerts."""

    deed: Literal["ack", "resolve"]
    ids: tuple[str, ...]
    comment: str
    as_json: bool


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed."""
    ids = tuple(dict.fromkeys(arguments.ids))
    return Wanted(arguments.job, ids, arguments.comment.strip(), arguments.json)


def act(settings: Settings, wanted: Wanted) -> int:
    """Do it to each; the status is 1 when it could not be done to one of them."""

    async def job(hub: Hub) -> int:
        calls = hub.rest.alerts
        known = [alert.id for alert in await calls.newest(AlertQuery(limit=_LOOKED_AT))]
        done: list[AlertView] = []
        status = ExitCode.DONE
        for typed in wanted.ids:
            try:
                alert_id = whole_id(typed, known)
                deed = calls.acknowledge if wanted.deed == "ack" else calls.resolve
                done.append(await deed(alert_id, wanted.comment))
            except NoSuchOneError as exc:
                complain(str(exc))
                status = ExitCode.REFUSED
            except HubRefusedError as exc:
                complain(f"{typed}: {exc}")
                status = ExitCode.REFUSED
        if wanted.as_json:
            say_json(done)
        else:
            for alert in done:
                say(settings, f"{alert.server_name or alert.server_id}: {alert.metric} is {alert.status}")
        return status

    return with_hub(settings, job)
