"""A real agent and its data directory: what it had is sent by the next one, however this one ended."""

import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from chatops_wire.agent import Gap
from tests.deadlines import eventually
from tests.integration.agent.agent_process import AgentProcess, StartAgent
from tests.integration.agent.hub_double import HubDouble

Start = Callable[..., StartAgent]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "agent"


def newest_segment(data: Path) -> Path:
    return max((data / "spool").glob("*.segment"))


def received(hub: HubDouble) -> dict[int, set[str]]:
    """Return the times that samples of each sequence had; one time a sequence, however often it came."""
    times: dict[int, set[str]] = {}
    for call in hub.calls:
        for sample in call.numbered:
            times.setdefault(sample.seq, set()).add(sample.timestamp)
    return times


def declared(hub: HubDouble) -> set[int]:
    gaps = (message for call in hub.calls for message in call.messages if isinstance(message, Gap))
    return {seq for gap in gaps for seq in range(gap.from_seq, gap.to_seq + 1)}


async def samples_on_disk(data: Path, agent: AgentProcess, more_than: int) -> None:
    def has_more() -> bool:
        assert agent.running
        return sum(path.stat().st_size for path in (data / "spool").glob("*.segment")) > more_than

    await eventually(has_more, what="samples on disk")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_what_no_hub_has_seen_is_sent_after_a_restart(
    hub: HubDouble, start_agent: Start, data: Path, number: int
) -> None:
    first = await start_agent("http://127.0.0.1:9", data_dir=str(data))
    await samples_on_disk(data, first, 2_000)
    await first.stop(number)
    kept = newest_segment(data).stat().st_size
    await start_agent(hub.url, data_dir=str(data))
    call = await hub.called()
    assert call.auth.next_seq >= 2
    await eventually(lambda: hub.stored >= call.auth.next_seq)
    assert set(received(hub)) >= set(range(1, call.auth.next_seq))
    assert declared(hub) == set()
    assert kept > 0


async def test_an_epoch_goes_on_after_a_restart(hub: HubDouble, start_agent: Start, data: Path) -> None:
    first = await start_agent(hub.url, data_dir=str(data))
    call = await hub.called()
    await eventually(lambda: hub.stored >= 1)
    await first.stop()
    stored = hub.stored
    await start_agent(hub.url, data_dir=str(data))
    again = await hub.called(2)
    assert again.auth.epoch == call.auth.epoch
    assert again.auth.next_seq == stored + 1
    await eventually(lambda: hub.stored > stored)


async def test_kills_and_torn_tails_lose_nothing_in_silence_and_use_no_sequence_twice(
    hub: HubDouble, start_agent: Start, data: Path
) -> None:
    chance = random.Random(7)  # noqa: S311 - where to tear; the same each time
    for number in range(1, 6):
        agent = await start_agent(hub.url, data_dir=str(data))
        # Every second hub hears samples and does not acknowledge them.
        hub.acknowledging = number % 2 == 0
        call = await hub.called(number)
        await eventually(lambda heard=call: heard.sequences)  # type: ignore[misc]
        await agent.stop(signal.SIGKILL)
        if number > 2:
            segment = newest_segment(data)
            content = segment.read_bytes()
            segment.write_bytes(content[: chance.randint(0, len(content))])
    hub.acknowledging = True
    await start_agent(hub.url, data_dir=str(data))
    call = await hub.called(6)
    await eventually(lambda: hub.stored >= call.auth.next_seq)
    assert {auth.epoch for auth in (call.auth for call in hub.calls)} == {hub.epoch}
    times = received(hub)
    assert {seq: found for seq, found in times.items() if len(found) > 1} == {}
    assert set(range(1, hub.stored + 1)) <= set(times) | declared(hub)


async def test_a_damaged_segment_is_declared_and_the_rest_is_sent(
    hub: HubDouble, start_agent: Start, data: Path
) -> None:
    first = await start_agent("http://127.0.0.1:9", data_dir=str(data))
    await samples_on_disk(data, first, 4_000)
    await first.stop()
    segment = newest_segment(data)
    content = bytearray(segment.read_bytes())
    content[100] ^= 0xFF
    segment.write_bytes(content)
    await start_agent(hub.url, data_dir=str(data))
    call = await hub.called()
    await eventually(lambda: hub.stored >= call.auth.next_seq)
    assert declared(hub) == {1}
    assert set(received(hub)) >= set(range(2, call.auth.next_seq))


async def test_two_agents_do_not_share_a_folder(hub: HubDouble, start_agent: Start, data: Path) -> None:
    await start_agent(hub.url, data_dir=str(data))
    await hub.called()
    second = await start_agent(hub.url, data_dir=str(data))
    line = await second.says("samples are kept in memory only")
    assert "another agent is using this folder" in line
    calls = [await hub.called(1), await hub.called(2)]
    assert calls[0].auth.epoch != calls[1].auth.epoch


async def test_a_folder_that_cannot_be_used_is_told_and_the_agent_runs(
    hub: HubDouble, start_agent: Start, data: Path
) -> None:
    data.mkdir()  # noqa: ASYNC240 - nothing else runs yet
    (data / "spool").write_text("in the way")
    agent = await start_agent(hub.url, data_dir=str(data))
    await agent.says("samples are kept in memory only")
    call = await hub.called()
    await eventually(lambda: call.sequences)


async def test_samples_of_one_server_are_not_sent_as_anothers(
    hub: HubDouble, start_agent: Start, data: Path
) -> None:
    first = await start_agent(hub.url, data_dir=str(data))
    call = await hub.called()
    await eventually(lambda: hub.stored >= 1)
    await first.stop()
    hub.server_id = "s2"
    second = await start_agent(hub.url, data_dir=str(data))
    await second.says("the key is another server's")
    again = await hub.called(3)
    assert again.auth.epoch != call.auth.epoch
    await eventually(lambda: again.sequences)
    assert again.sequences[0] == 1
    # And that is remembered.
    await second.stop(signal.SIGKILL)
    await start_agent(hub.url, data_dir=str(data))
    assert (await hub.called(4)).auth.epoch == again.auth.epoch
