"""A hub whose machines, users and files say what a test has them say, in every field there is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

from tests.deadlines import eventually
from tests.e2e.hostile_machine import Machine, Say
from tests.e2e.hub_program import Hub, running

PASSWORD: Final = "the admin's very own words"  # noqa: S105 - of a hub that ends with the test
_API: Final = "/api/v1"


@dataclass
class Fleet:
    """The hub, what of the rooms of its users it refused, and what stands ready for a terminal."""

    hub: Hub
    folder: Path
    token: str
    server: str = ""
    """The id of one of its machines."""
    refused: list[str] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        return {
            "CHATOPS_URL": self.hub.url,
            "CHATOPS_USERNAME": "admin",
            "CHATOPS_PASSWORD": PASSWORD,
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "LANG": "C.UTF-8",
        }

    def made(self, path: str, text: dict[str, str], **rest: object) -> dict[str, Any]:
        """Make something with these texts; without them where the hub wants no such texts."""
        try:
            return dict(self.hub.ask(f"{_API}{path}", {**text, **rest}, self.token))
        except HTTPError as exc:
            exc.close()
            if exc.code != 400:
                raise
            self.refused.append(path)
            plain = dict.fromkeys(text, f"plain-{path[1:4]}")
            return dict(self.hub.ask(f"{_API}{path}", {**plain, **rest}, self.token))


@asynccontextmanager
async def fleet_that_says(say: Say, folder: Path) -> AsyncIterator[Fleet]:
    """Two machines that are online, alerts that fire, and something in every list."""
    with running("--data-dir", str(folder / "hub"), CHATOPS_ADMIN_PASSWORD=PASSWORD) as hub:
        fleet = Fleet(hub, folder, hub.login(PASSWORD))
        machines = [Machine(say, key) for key in _furnished(fleet, say)]
        tasks = [asyncio.create_task(each.run(hub.url), name="machine") for each in machines]
        try:
            await eventually(lambda: _online(fleet) == len(tasks) or any(task.done() for task in tasks))
            yield fleet
            # One that was hung up on would have ended.
            assert [task.exception() for task in tasks if task.done()] == []
            assert [line for line in hub.err if "Traceback" in line or " ERROR " in line] == []
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _online(fleet: Fleet) -> int:
    servers = fleet.hub.ask(f"{_API}/servers", None, fleet.token)["items"]
    return sum(server["latest"] is not None for server in servers)


def _furnished(fleet: Fleet, say: Say) -> list[str]:
    """Make what is not the machines' own, and return their keys."""
    keys: list[str] = []
    for number in (1, 2):
        server = fleet.made("/servers", {"name": _line(say, f"web-{number}")}, tags=["web"])
        fleet.server = server["id"]
        keys.append(fleet.made("/api-keys", {"name": _line(say, "key")}, server_id=server["id"])["key"])
    for metric, severity in (("cpu.percent", "critical"), ("disk.percent", "warning")):
        rule = {"metric": metric, "comparison": "gt", "value": 50, "severity": severity}
        fleet.made("/alerts/thresholds", {"name": _line(say, "too hot")}, **rule)
    quiet = {"ends_at": "2099-01-01T00:00:00Z", "metric": "net.rx_bps"}
    fleet.made("/alerts/silences", {"comment": say("quiet")}, **quiet)
    fleet.made("/notifications/channels", {"name": _line(say, "hook")}, url="json://127.0.0.1:9/x")
    user = fleet.made("/users", {"username": _line(say, "bob")}, password=PASSWORD, role="viewer")
    fleet.made("/enroll-tokens", {"name": _line(say, "rack")})
    grant = {"role": "viewer"}
    path = f"{_API}/servers/{fleet.server}/grants/{user['id']}"
    fleet.hub.ask(path, grant, fleet.token, method="PUT")
    (fleet.folder / "boards.toml").write_text(_boards(say))
    return keys


def _line(say: Say, word: str) -> str:
    # Names are one line of at most 128 characters without space around them.
    return say(word).replace("\n", "")[:128].strip()


def _boards(say: Say) -> str:
    def text(word: str) -> str:
        return '"' + "".join(f"\\U{ord(sign):08x}" for sign in say(word)) + '"'

    panels = (("chart", '["cpu.percent"]'), ("table", '["cpu.percent", "disk.percent"]'))
    return f"[[dashboard]]\nname = {text('Board')}\n" + "".join(
        f"[[dashboard.panel]]\ntitle = {text(kind)}\nkind = '{kind}'\nmetrics = {metrics}\n"
        for kind, metrics in panels
    )
