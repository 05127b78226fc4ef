"""A machine that has no more processes, files or patience to give: commands are refused, the agent lives."""

import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatops_wire.agent import Metrics
from chatops_wire.commands import Command, CommandCancel, CommandResponse, CommandStarted
from chatops_wire.terminals import TerminalClose, TerminalOpen
from tests.deadlines import eventually, eventually_sync
from tests.integration.agent.agent_process import AgentProcess
from tests.integration.agent.hub_double import Call, HubDouble, serving
from tests.integration.agent_actions.processes import gone

PIDS = Path("/sys/fs/cgroup/pids")
FREEZER = Path("/sys/fs/cgroup/freezer")


@pytest.fixture
async def double() -> AsyncIterator[HubDouble]:
    async with serving(HubDouble()) as served:
        yield served


@pytest.fixture
async def agent(double: HubDouble) -> AsyncIterator[AgentProcess]:
    process = await AgentProcess.start(double.url, allow="commands,terminal")
    yield process
    await process.end()


async def test_without_files_a_command_is_refused_and_later_ones_run(
    double: HubDouble, agent: AgentProcess
) -> None:
    call = await double.called()
    assert (await run(call, "before")).status == "succeeded"
    usual = resource.prlimit(agent.pid, resource.RLIMIT_NOFILE)
    open_files = files_of(agent.pid)
    resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, (open_files + 1, usual[1]))
    refused = await run(call, "scarce")
    assert (refused.status, refused.code) == ("refused", "busy")
    await call.say(TerminalOpen(terminal_id="t", cols=80, rows=24))
    closed = await eventually(lambda: call.of(TerminalClose), what="the refusal of a terminal")
    assert closed[0].code == "busy"
    await lives_on(call)
    resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, usual)
    assert (await run(call, "after")).status == "succeeded"


async def test_without_processes_a_command_is_refused_and_later_ones_run(
    double: HubDouble, agent: AgentProcess
) -> None:
    call = await double.called()
    with no_more_processes(agent.pid):
        refused = await run(call, "scarce")
        assert (refused.status, refused.code) == ("refused", "busy")
        await lives_on(call)
    assert (await run(call, "after")).status == "succeeded"


@pytest.mark.usefixtures("agent")
async def test_what_even_a_kill_does_not_end_is_told_so(double: HubDouble) -> None:
    call = await double.called()
    await call.say(Command(command_id="stuck", command="exec sleep 1000"))
    pid = (await eventually(lambda: call.of(CommandStarted), what="the start"))[0].pid
    with frozen(pid):
        await call.say(CommandCancel(command_id="stuck", force=True))
        result = await result_of(call, "stuck")
        assert (result.status, result.exit_code, result.signal) == ("cancelled", None, None)
        assert "still there" in result.message
        # It holds up nobody else.
        assert (await run(call, "other")).status == "succeeded"
    await gone(pid)


async def run(call: Call, command_id: str) -> CommandResponse:
    await call.say(Command(command_id=command_id, command="true"))
    return await result_of(call, command_id)


async def result_of(call: Call, command_id: str) -> CommandResponse:
    def result() -> list[CommandResponse]:
        return [each for each in call.of(CommandResponse) if each.command_id == command_id]

    return (await eventually(result, what=f"the result of {command_id}"))[0]


def files_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def lives_on(call: Call) -> None:
    """Return once two more samples have come."""
    seen = len(call.of(Metrics))
    await eventually(lambda: len(call.of(Metrics)) >= seen + 2, what="samples")


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Hold a process where no signal reaches it, as one is held that waits for a dead disk."""
    group = FREEZER / f"chatops-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("no control group of version 1 that freezes processes")
    try:
        (group / "cgroup.procs").write_text(str(pid))
        (group / "freezer.state").write_text("FROZEN")
        eventually_sync(lambda: (group / "freezer.state").read_text() == "FROZEN\n")
        yield
    finally:
        (group / "freezer.state").write_text("THAWED")
        eventually_sync(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


@contextmanager
def no_more_processes(pid: int) -> Iterator[None]:
    """Let a process start no other, nor a thread."""
    if os.geteuid() != 0:
        usual = resource.prlimit(pid, resource.RLIMIT_NPROC)
        resource.prlimit(pid, resource.RLIMIT_NPROC, (1, usual[1]))
        yield
        resource.prlimit(pid, resource.RLIMIT_NPROC, usual)
        return
    # That limit is not for root; this one is.
    group = PIDS / f"chatops-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("root, and no control group that limits processes")
    before = next(
        line.rpartition(":")[2]
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        if ":pids:" in line
    )
    try:
        (group / "cgroup.procs").write_text(str(pid))
        (group / "pids.max").write_text((group / "pids.current").read_text())
        yield
        (group / "pids.max").write_text("max")
    finally:
        (PIDS / before.lstrip("/") / "cgroup.procs").write_text(str(pid))
        group.rmdir()
