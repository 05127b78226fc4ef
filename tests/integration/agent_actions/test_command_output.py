import hashlib
from pathlib import Path

import pytest

from chatops_wire.commands import CHUNK_BYTES, WINDOW_BYTES, CommandCredit, CommandOutput, CommandResponse
from tests.deadlines import eventually
from tests.integration.agent_actions.hub_side import HubSide
from tests.integration.agent_actions.processes import gone, is_alive


async def _output_of(hub: HubSide, command: str) -> bytes:
    command_id = hub.run(command)
    await hub.result(command_id)
    return hub.output(command_id)


async def test_both_streams_are_told_apart(hub: HubSide) -> None:
    command_id = hub.run("echo out; echo err >&2; echo more")
    await hub.result(command_id)
    assert hub.output(command_id, "stdout") == b"out\nmore\n"
    assert hub.output(command_id, "stderr") == b"err\n"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("printf no-newline", b"no-newline"),
        ("printf '\\303\\050\\377\\0\\r\\033[31m'", b"\xc3\x28\xff\0\r\x1b[31m"),
        ("echo only >&2", b"only\n"),
        ("exec >&- 2>&-; exit 0", b""),
        ("exec >&-; echo still >&2", b"still\n"),
        ("printf '\\303'; sleep 0.05; printf '\\274'", "ü".encode()),
    ],
)
async def test_bytes_arrive_as_they_were_written(hub: HubSide, command: str, expected: bytes) -> None:
    assert await _output_of(hub, command) == expected


async def test_a_line_of_a_megabyte_is_no_line_to_the_agent(hub: HubSide) -> None:
    assert await _output_of(hub, "head -c 1000000 /dev/zero | tr '\\0' x") == b"x" * 1_000_000


async def test_a_burst_just_before_the_end_is_complete(hub: HubSide) -> None:
    command_id = hub.run("seq 1 700000")
    result = await hub.result(command_id)
    expected = "".join(f"{number}\n" for number in range(1, 700_001)).encode()
    assert (result.output_bytes, result.truncated) == (len(expected), False)
    assert hashlib.sha256(hub.output(command_id)).digest() == hashlib.sha256(expected).digest()
    chunks = hub.of(CommandOutput)
    assert [each.seq for each in chunks] == list(range(1, len(chunks) + 1))
    assert max(len(each.data) for each in chunks) <= CHUNK_BYTES


async def test_the_result_comes_after_all_output(hub: HubSide) -> None:
    await hub.finished("seq 1 100000")
    assert isinstance(hub.messages[-1], CommandResponse)


async def test_of_a_long_output_both_ends_are_kept_and_all_is_counted(hub: HubSide) -> None:
    command_id = hub.run("seq 1 100000", max_output=200_000)
    result = await hub.result(command_id)
    whole = "".join(f"{number}\n" for number in range(1, 100_001)).encode()
    assert (result.output_bytes, result.truncated, result.status) == (len(whole), True, "succeeded")
    assert hub.output(command_id) == whole[:100_000] + whole[-100_000:]


async def test_an_output_just_within_the_limit_is_whole(hub: HubSide) -> None:
    command_id = hub.run("head -c 100000 /dev/zero", max_output=100_000)
    assert not (await hub.result(command_id)).truncated
    assert len(hub.output(command_id)) == 100_000


async def test_a_limit_of_nothing_keeps_nothing(hub: HubSide) -> None:
    command_id = hub.run("echo hello", max_output=0)
    result = await hub.result(command_id)
    assert (result.output_bytes, result.truncated, hub.output(command_id)) == (6, True, b"")


async def test_a_flood_without_credit_stops_the_command_and_not_the_agent(hub: HubSide) -> None:
    command_id = hub.run("exec yes", window=100_000)
    pid = await hub.started(command_id)
    await eventually(lambda: len(hub.output(command_id)) == 100_000, what="the window used up")
    # Blocked as it writes: no processor time passes, where otherwise it would all be used.
    await eventually(lambda: _is_asleep(pid), what="yes waiting")
    assert len(hub.output(command_id)) == 100_000
    hub.cancel(command_id)
    await gone(pid)
    assert not hub.of(CommandResponse)
    # The result follows what was read before; it needs credit too.
    hub.say(CommandCredit(command_id=command_id, bytes=10_000_000))
    result = await hub.result(command_id)
    assert result.status == "cancelled"
    assert result.output_bytes == len(hub.output(command_id))


async def test_with_credit_a_stopped_command_goes_on_to_its_end(hub: HubSide) -> None:
    command_id = hub.run("seq 1 200000", window=WINDOW_BYTES)
    await eventually(lambda: len(hub.output(command_id)) == WINDOW_BYTES, what="the window used up")
    for total in range(WINDOW_BYTES + 300_000, 1_200_000, 300_000):
        hub.say(CommandCredit(command_id=command_id, bytes=300_000, through_seq=0))
        await hub.has_output(command_id, total)
    hub.say(CommandCredit(command_id=command_id, bytes=300_000, through_seq=0))
    await hub.result(command_id)
    assert hub.output(command_id) == "".join(f"{number}\n" for number in range(1, 200_001)).encode()


async def test_a_connection_that_takes_nothing_stops_the_command(hub: HubSide) -> None:
    command_id = hub.run("exec yes")
    pid = await hub.started(command_id)
    hub.reading.clear()
    await eventually(lambda: _is_asleep(pid), what="yes waiting")
    assert is_alive(pid)
    hub.cancel(command_id)
    await gone(pid)
    hub.reading.set()
    assert (await hub.result(command_id)).status == "cancelled"


async def test_a_flood_beyond_the_limit_is_drained_without_credit(hub: HubSide) -> None:
    """The head needs credit, the rest none: a command is never stopped by its limit."""
    command_id = hub.run("head -c 20000000 /dev/zero", window=50_000, max_output=60_000)
    await eventually(lambda: len(hub.output(command_id)) == 50_000, what="head and a part of the tail")
    hub.say(CommandCredit(command_id=command_id, bytes=10_000))
    result = await hub.result(command_id)
    assert (
        result.output_bytes,
        result.truncated,
        len(hub.output(command_id)),
    ) == (20_000_000, True, 60_000)


async def test_what_drips_is_told_as_it_drips(hub: HubSide) -> None:
    command_id = hub.run("for i in 1 2 3; do echo $i; read line < /dev/stdin; sleep 0.05; done; sleep 1000")
    assert await hub.printed(command_id, b"3\n") == b"1\n2\n3\n"
    assert len(hub.of(CommandOutput)) == 3
    hub.cancel(command_id)
    await hub.result(command_id)


async def test_tiny_writes_are_gathered(hub: HubSide) -> None:
    command_id = hub.run("i=0; while [ $i -lt 2000 ]; do printf .; i=$((i+1)); done")
    await hub.result(command_id)
    assert hub.output(command_id) == b"." * 2000
    assert len(hub.of(CommandOutput)) < 500


async def test_many_at_once_take_turns(hub: HubSide) -> None:
    ids = {hub.run("exec yes") for _ in range(5)}
    pids = [await hub.started(command_id) for command_id in ids]
    hub.reading.clear()
    await eventually(lambda: all(map(_is_asleep, pids)), what="all waiting")
    hub.messages.clear()
    hub.reading.set()
    await eventually(lambda: len(hub.messages) >= 15)
    order = [each.command_id for each in hub.of(CommandOutput)]
    assert [set(order[:5]), set(order[5:10]), set(order[10:15])] == [ids] * 3
    for command_id in ids:
        hub.cancel(command_id, force=True)
    for command_id in ids:
        await hub.result(command_id)


def _is_asleep(pid: int) -> bool:
    return "pipe" in Path(f"/proc/{pid}/wchan").read_text()
