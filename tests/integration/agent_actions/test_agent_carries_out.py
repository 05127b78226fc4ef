"""A whole agent, in a process of its own, carries out what a hub asks for."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from chatops_agent.actions.processes.cgroups import find_cgroups
from chatops_wire.commands import (
    Command,
    CommandAttach,
    CommandCancel,
    CommandOutput,
    CommandResponse,
    CommandStarted,
)
from chatops_wire.streams import LogSource, StreamClose, StreamData, StreamOpen
from chatops_wire.terminals import TerminalClose, TerminalData, TerminalOpen, TerminalOpened
from tests.deadlines import eventually
from tests.integration.agent.agent_process import AgentProcess
from tests.integration.agent.hub_double import Call, HubDouble, serving
from tests.integration.agent_actions.processes import end, gone, is_alive

Start = Callable[..., Awaitable[AgentProcess]]


@pytest.fixture
async def double() -> AsyncIterator[HubDouble]:
    async with serving(HubDouble()) as served:
        yield served


@pytest.fixture
async def start(double: HubDouble) -> AsyncIterator[Start]:
    started: list[AgentProcess] = []

    async def start(**options: str) -> AgentProcess:
        started.append(await AgentProcess.start(double.url, **options))
        return started[-1]

    yield start
    for process in started:
        await process.end()


async def _result(call: Call, command_id: str) -> CommandResponse:
    def found() -> list[CommandResponse]:
        return [each for each in call.of(CommandResponse) if each.command_id == command_id]

    return (await eventually(found, what=f"the result of {command_id}"))[0]


def _output(call: Call, command_id: str) -> bytes:
    return b"".join(each.data for each in call.of(CommandOutput) if each.command_id == command_id)


async def _order(call: Call, command: str) -> None:
    await call.say(Command(command_id="c", command=command))


async def test_a_command_as_the_contract_writes_it(double: HubDouble, start: Start) -> None:
    agent = await start(allow="commands")
    call = await double.called()
    await call.say(
        '{"type":"command","command_id":"c","command":"cat; env; exit 3","timeout_s":10,"stdin":"hello\\n"}'
    )
    result = await _result(call, "c")
    assert (result.status, result.exit_code, result.signal) == ("failed", 3, None)
    output = _output(call, "c")
    assert output.startswith(b"hello\n")
    # Neither its key nor anything else of ours.
    assert b"CHATOPS" not in output
    await agent.says("command command_id='c'")


async def test_a_terminal_and_a_log(double: HubDouble, start: Start, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("hello\n")
    await start(allow="terminal,logs", log_path=str(tmp_path))
    call = await double.called()
    await call.say(StreamOpen(stream_id="s", source=LogSource(path=f"{tmp_path}/app.log")))
    await call.say(TerminalOpen(terminal_id="t", cols=80, rows=24))
    await eventually(lambda: call.of(TerminalOpened))
    await call.say(TerminalData(terminal_id="t", data=b"echo on the ter''minal; exit 5\n"))
    await eventually(lambda: call.of(TerminalClose))
    assert call.of(TerminalClose)[0].exit_code == 5
    assert b"on the terminal" in b"".join(each.data for each in call.of(TerminalData))
    await eventually(lambda: call.of(StreamData))
    assert call.of(StreamData)[0].lines[0].line == "hello"


async def test_what_is_not_allowed_is_refused_whatever_the_hub_says(double: HubDouble, start: Start) -> None:
    await start()
    call = await double.called()
    await _order(call, "true")
    await call.say(TerminalOpen(terminal_id="t", cols=80, rows=24))
    await call.say(StreamOpen(stream_id="s", source=LogSource(path="/var/log/syslog")))
    kinds = (CommandResponse, TerminalClose, StreamClose)
    await eventually(lambda: all(call.of(kind) for kind in kinds))
    assert [call.of(kind)[0].code for kind in kinds] == ["not_allowed"] * 3
    assert call.auth.capabilities == ("metrics",)


async def test_samples_keep_coming_while_commands_flood(double: HubDouble, start: Start) -> None:
    await start(allow="commands")
    call = await double.called()
    for number in range(4):
        # Drained without end, once the limit has been reached.
        await call.say(Command(command_id=f"c{number}", command="yes", max_output=1_000_000))
    await eventually(lambda: len(_output(call, "c3")) >= 500_000)
    seen = len(call.sequences)
    await eventually(lambda: len(call.sequences) >= seen + 4)
    assert call.sequences == list(range(1, len(call.sequences) + 1))
    for number in range(4):
        await call.say(CommandCancel(command_id=f"c{number}"))
    results = [await _result(call, f"c{number}") for number in range(4)]
    assert {(each.status, each.truncated) for each in results} == {("cancelled", True)}
    assert [len(_output(call, f"c{number}")) for number in range(4)] == [1_000_000] * 4


async def test_a_run_outlives_a_lost_connection(double: HubDouble, start: Start, tmp_path: Path) -> None:
    await start(allow="commands")
    call = await double.called()
    await _order(call, f"echo before; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; echo after")
    await eventually(lambda: _output(call, "c") == b"before\n")
    await call.ws.close()
    again = await double.called(2)
    (tmp_path / "go").touch()
    await again.say(CommandAttach(command_id="c", after_seq=1))
    result = await _result(again, "c")
    assert (result.status, _output(again, "c"), result.output_bytes) == ("succeeded", b"after\n", 13)


async def test_a_stopped_agent_ends_what_it_runs_within_its_time(double: HubDouble, start: Start) -> None:
    agent = await start(allow="commands,terminal")
    call = await double.called()
    await _order(call, "trap '' TERM; (setsid sh -c 'echo $$; exec sleep 1000' &); while :; do sleep 1; done")
    await call.say(TerminalOpen(terminal_id="t", cols=80, rows=24))
    await eventually(lambda: call.of(TerminalOpened) and _output(call, "c").strip())
    pids = [call.of(CommandStarted)[0].pid, int(_output(call, "c"))]
    assert all(map(is_alive, pids))
    assert await agent.stop() == 0
    await gone(*pids)


async def test_an_agent_that_is_killed_knows_nothing_of_its_runs_afterwards(
    double: HubDouble, start: Start
) -> None:
    agent = await start(allow="commands")
    call = await double.called()
    await _order(call, "exec sleep 1000")
    await eventually(lambda: call.of(CommandStarted))
    pid = call.of(CommandStarted)[0].pid
    await agent.end()
    await start(allow="commands")
    again = await double.called(2)
    await again.say(CommandAttach(command_id="c", after_seq=0))
    assert (await _result(again, "c")).status == "lost"
    end(pid)
    await gone(pid)
    # The next agent would remove the control group of the one that was killed.
    await asyncio.to_thread(find_cgroups)


async def test_an_agent_that_was_killed_runs_no_command_twice(
    double: HubDouble, start: Start, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    agent = await start(allow="commands", data_dir=str(tmp_path / "agent"))
    call = await double.called()
    await _order(call, f"echo once >> {runs}; exec sleep 1000")
    await eventually(runs.exists)
    left = await _first_pid(call)
    await agent.stop(signal.SIGKILL)
    await start(allow="commands", data_dir=str(tmp_path / "agent"))
    again = await double.called(2)
    await _order(again, f"echo twice >> {runs}")
    assert (await _result(again, "c")).code == "duplicate"
    assert runs.read_text() == "once\n"
    end(left)
    await gone(left)
    # As above.
    await asyncio.to_thread(find_cgroups)


async def _first_pid(call: Call) -> int:
    pid: int = (await eventually(lambda: call.of(CommandStarted), what="the start of a command"))[0].pid
    return pid
