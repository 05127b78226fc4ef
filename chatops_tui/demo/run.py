"""Runs the demo: hub, then agent, then the UI or one line of JSON; whatever happens, all of it ends again."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from chatops_tui.client.errors import HubError
from chatops_tui.commands.say import complain, say_json
from chatops_tui.config import Settings, state_dir
from chatops_tui.demo.children import Child, Children, Program
from chatops_tui.demo.errors import DemoError
from chatops_tui.demo.home import Home, opened
from chatops_tui.ending import ASKED, HUNG_UP, Ending, ended_by, ignore
from chatops_tui.exit_code import ExitCode
from chatops_tui.launch import is_dumb, load_ui, open_ui
from chatops_tui.terminal import has_terminal
from chatops_wire.rest import Tokens
from chatops_wire.settings import SettingError

ADMIN: Final = "admin"
HOST: Final = "127.0.0.1"
USUAL_PORT: Final = 8765
LISTENING: Final = "chatops-server listening on "
# A first start on a slow disk; most need a second.
READY_WITHIN_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the command line says; `port` None: the usual one if it is free, else any."""

    headless: bool
    port: int | None
    data_dir: str | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A demo that shows live samples."""

    url: str
    server_id: str
    tokens: Tokens


def run_demo(settings: Settings, plan: DemoPlan) -> int:
    """Run it until it is ended, and return the exit status.

    Raises:
        SettingError: The folder cannot be named.
    """
    if not (plan.headless or has_terminal()):
        complain("the demo needs a terminal to show itself; --headless runs it without one")
        return ExitCode.USAGE
    if not plan.headless and is_dumb():
        complain("the demo cannot draw on a terminal of TERM=dumb; --headless runs it without one")
        return ExitCode.USAGE
    folder = _folder(plan)
    try:
        with ended_by(*ASKED, *HUNG_UP), opened(folder) as home, Children() as children:
            try:
                return _Demo(settings, plan, home, children).run()
            finally:
                # From here on only the children's own deadlines count.
                ignore(*ASKED, *HUNG_UP)
    except Ending:
        return ExitCode.DONE
    except DemoError as exc:
        for line in (str(exc), *exc.last_lines):
            complain(line)
        return ExitCode.REFUSED


class _Demo:
    """One run, from nothing to its end."""

    def __init__(self, settings: Settings, plan: DemoPlan, home: Home, children: Children) -> None:
        self._settings = settings
        self._plan = plan
        self._home = home
        self._children = children
        self._environ = _environ(os.environ)

    def run(self) -> int:
        if not self._plan.headless:
            complain("starting a hub and an agent for this machine…")
        hub = self._start_hub(_port(self._plan.port))
        # The hub takes a while to start, on another core: time to load what this process will need.
        self._import_ahead()
        url = _address(hub)
        # A key from an earlier start is most likely still good, and then nothing has to wait for the answer.
        agent = self._start_agent(url) if self._home.key() else None
        try:
            ready, agent = asyncio.run(self._until_live(url, hub, agent))
        except HubError as exc:
            raise (hub.failure() if hub.has_ended() else DemoError(str(exc))) from exc
        if self._plan.headless:
            return self._stay(ready, hub, agent)
        live = {"url": url, "username": ADMIN, "tokens": ready.tokens, "tour": True}
        return open_ui(msgspec.structs.replace(self._settings, **live))

    def _start_hub(self, port: int) -> Child:
        data = str(self._home.hub_data)
        arguments = ["chatops_server", "run", "--host", HOST, "--port", str(port), "--data-dir", data]
        # What one's own shells showed can be played, as everything here can be tried.
        arguments.append("--record-terminals")
        environ = self._environ | {"CHATOPS_ADMIN_PASSWORD": self._home.password()}
        return self._children.start(Program("hub", arguments, self._home.log("hub"), environ))

    def _start_agent(self, url: str) -> Child:
        places = ["--data-dir", str(self._home.agent_data), "--api-key-file", str(self._home.agent_key)]
        arguments = ["chatops_agent", "run", "--url", url, "--allow", "all", *places]
        return self._children.start(Program("agent", arguments, self._home.log("agent"), self._environ))

    def _import_ahead(self) -> None:
        import chatops_tui.client.connect  # noqa: F401, PLC0415 - aiohttp takes a fifth of a second

        if not self._plan.headless:
            load_ui(self._settings)

    async def _until_live(self, url: str, hub: Child, agent: Child | None) -> tuple[Ready, Child]:
        from chatops_tui.client.connect import open_hub  # noqa: PLC0415 - loaded by _import_ahead
        from chatops_tui.client.session_memory import SessionMemory  # noqa: PLC0415 - likewise
        from chatops_tui.demo.account import account, agent_online, first_sample, sign_in  # noqa: PLC0415 - likewise

        since_ms = int(time.time() * 1000)
        async with open_hub(url, SessionMemory()) as client:
            await sign_in(client, ADMIN, self._home)
            mine = await account(client, self._home)
            if agent is not None and mine.is_new:
                self._children.stop(agent)
                agent = None
            # In this thread, not in a worker: the agent is bound to the life of the thread that starts it.
            agent = agent or self._start_agent(url)
            # Somebody who looks sees the first sample come; a program that reads the line may rely on it.
            shown = (
                first_sample(client, mine.server_id, since_ms)
                if self._plan.headless
                else agent_online(client, mine.server_id)
            )
            await _unless_gone(shown, hub, agent)
            return Ready(url, mine.server_id, client.session.hand_over()), agent

    def _stay(self, ready: Ready, *children: Child) -> int:
        account = {"url": ready.url, "username": ADMIN, "password": self._home.password()}
        say_json(account | {"server_id": ready.server_id})
        sys.stdout.flush()
        asyncio.run(_until_gone(*children))
        return ExitCode.REFUSED


async def _until_gone(*children: Child) -> None:
    """Raise DemoError as soon as one of them has ended by itself."""
    async with asyncio.TaskGroup() as tasks:
        watches = {tasks.create_task(child.gone(), name=f"watch-{child.name}"): child for child in children}
        ended, running = await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED)
        for watch in running:
            watch.cancel()
    raise watches[ended.pop()].failure()


async def _unless_gone(work: Coroutine[None, None, None], *children: Child) -> None:
    """Wait for `work`, for at most READY_WITHIN_S and while the children live; DemoError otherwise."""
    wanted = asyncio.create_task(work, name="demo-first-sample")
    watch = asyncio.create_task(_until_gone(*children), name="demo-watch")
    both = (wanted, watch)
    try:
        done, _ = await asyncio.wait(both, timeout=READY_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
    if not done:
        raise DemoError(f"no sample came within {READY_WITHIN_S:.0f} s", children[-1].last_lines())
    # A finished watch means a child that ended, and its result is the error that says so.
    (wanted if wanted in done else watch).result()


def _folder(plan: DemoPlan) -> Path:
    try:
        return Path(plan.data_dir).expanduser().absolute() if plan.data_dir else state_dir() / "demo"
    except RuntimeError as exc:  # a ~ of somebody without a home
        raise SettingError(f"--data-dir: {plan.data_dir!r}: there is no such home") from exc


def _address(hub: Child) -> str:
    line = hub.line(READY_WITHIN_S)
    if not line.startswith(LISTENING):
        raise DemoError(f"the hub said {line!r} instead of where it listens", hub.last_lines())
    return line.removeprefix(LISTENING).strip()


def _port(wanted: int | None) -> int:
    """Return the port to ask the hub for: 0 lets the system choose.

    Raises:
        DemoError: This very port was asked for and is taken.
    """
    if wanted == 0:
        return 0
    port = USUAL_PORT if wanted is None else wanted
    with socket.socket() as probe:
        # As the hub will: the remains of closed connections do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as exc:
            if wanted is None:
                return 0
            raise DemoError(f"--port {port} cannot be used: {(exc.strerror or 'taken').lower()}") from exc
    return port


def _environ(ours: Mapping[str, str]) -> dict[str, str]:
    # What the user has set for a hub or an agent of his own is not meant for these.
    return {name: value for name, value in ours.items() if not name.startswith("CHATOPS_")}
