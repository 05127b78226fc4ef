"""Real agents against the protocol's other end."""

import os
import signal
import socket
from collections.abc import Callable

import pytest

from chatops_wire.agent import Configure, Error, MetricsBatch
from chatops_wire.codes import CloseCode
from tests.deadlines import eventually
from tests.integration.agent.agent_process import KEY, StartAgent
from tests.integration.agent.hub_double import Call, HubDouble, serving

Start = Callable[..., StartAgent]


async def test_the_agent_speaks_first_and_says_who_it_is(hub: HubDouble, start_agent: Start) -> None:
    await start_agent(hub.url, allow="all")
    auth = (await hub.called()).auth
    assert (auth.api_key, auth.protocol, auth.next_seq) == (KEY, 1, 1)
    assert auth.capabilities == ("metrics", "docker", "commands", "terminal", "logs")
    assert len(auth.epoch) == 32
    assert (auth.agent.hostname, auth.agent.kernel) == (socket.gethostname(), os.uname().release)
    assert auth.agent.cpu_count == os.cpu_count()


async def test_samples_come_numbered_with_every_part(hub: HubDouble, start_agent: Start) -> None:
    await start_agent(hub.url)
    call = await hub.called()
    await eventually(lambda: len(call.samples) >= 3)
    assert call.sequences[:3] == [1, 2, 3]
    sample = call.samples[1]
    assert 0 <= sample.cpu.percent <= 100
    assert len(sample.cpu.cores) == os.cpu_count()
    assert 0 < sample.memory.used < sample.memory.total
    assert [disk.mount for disk in sample.disks][:1] == ["/"]
    assert sample.uptime_s
    assert sample.process_count
    assert any(process.name.startswith("python") for process in sample.processes)


async def test_what_was_not_acknowledged_comes_again_in_order(hub: HubDouble, start_agent: Start) -> None:
    hub.acknowledging = False
    await start_agent(hub.url)
    call = await hub.called()
    await eventually(lambda: len(call.sequences) >= 4)
    # The hub has stored two and goes away without having said so.
    hub.stored, hub.acknowledging = 2, True
    await call.ws.close()
    again = await hub.called(2)
    await eventually(lambda: len(again.sequences) >= 3)
    assert again.sequences[:3] == [3, 4, 5]
    assert isinstance(again.messages[1], MetricsBatch)
    await eventually(lambda: hub.stored >= 5)


async def test_the_hub_may_change_the_interval_and_give_it_back(hub: HubDouble, start_agent: Start) -> None:
    agent = await start_agent(hub.url, interval="3600", log_level="debug")
    call = await hub.called()
    await eventually(lambda: len(call.samples) == 1)
    await call.say(Configure(interval_s=1.0))
    await eventually(lambda: len(call.samples) >= 4)
    await call.say(Configure(interval_s=None))
    await agent.says("interval_s=3600.0")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_agent_cleanly(hub: HubDouble, start_agent: Start, number: int) -> None:
    agent = await start_agent(hub.url)
    call = await hub.called()
    await eventually(lambda: call.samples)
    assert await agent.stop(number) == 0
    assert await eventually(lambda: call.ws.close_code) == CloseCode.GOING_AWAY
    assert agent.lines[-1].endswith("agent stopped")


async def test_a_signal_ends_an_agent_that_never_reached_a_hub(start_agent: Start) -> None:
    agent = await start_agent("http://127.0.0.1:9")
    await agent.says("no connection to the hub")
    assert await agent.stop() == 0


async def test_a_refused_key_waits_a_minute_and_says_so_once(hub: HubDouble, start_agent: Start) -> None:
    async def refuse(call: Call) -> None:
        await call.say(Error(code="invalid_key", message="no such key"))
        await call.ws.close(code=CloseCode.UNAUTHORIZED)

    hub.on_auth = refuse
    agent = await start_agent(hub.url)
    line = await agent.says("ERROR   no connection to the hub")
    assert "reason='key refused'" in line
    assert "detail='invalid_key: no such key'" in line
    wait_s = float(line.rsplit("next_attempt_in_s=", 1)[1])
    assert 60 <= wait_s <= 66
    assert KEY not in "\n".join(agent.lines)


async def test_a_hub_that_is_down_is_told_once_and_called_again(start_agent: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    agent = await start_agent(f"http://127.0.0.1:{port}")
    await agent.says("WARNING no connection to the hub reason='unreachable'")
    async with serving(HubDouble(), port) as hub:
        call = await hub.called()
        await eventually(lambda: call.sequences)
        await agent.says("INFO    connected to the hub again")
    assert len([line for line in agent.lines if "no connection" in line]) <= 2
