from chatops_wire.commands import (
    WINDOW_BYTES,
    CommandAttach,
    CommandCredit,
    CommandForget,
    CommandOutput,
    CommandResponse,
    CommandStarted,
)
from tests.deadlines import eventually
from tests.integration.agent_actions.hub_side import HubSide
from tests.integration.agent_actions.processes import gone

COUNTING = "seq 0 29999"
COUNTED = "".join(f"{number}\n" for number in range(30_000)).encode()


def _lose_connection(hub: HubSide) -> None:
    hub.desk.disconnected()
    hub.messages.clear()


def _attach(hub: HubSide, command_id: str, after_seq: int) -> None:
    hub.say(CommandAttach(command_id=command_id, after_seq=after_seq))


async def test_a_run_is_picked_up_without_gap_or_double(hub: HubSide) -> None:
    command_id = hub.run(COUNTING)
    await eventually(lambda: len(hub.of(CommandOutput)) >= 3)
    # The last one was lost on its way.
    had = hub.of(CommandOutput)[:-1]
    _lose_connection(hub)
    _attach(hub, command_id, had[-1].seq)
    await hub.result(command_id)
    chunks = had + hub.of(CommandOutput)
    assert [each.seq for each in chunks] == list(range(1, len(chunks) + 1))
    assert b"".join(each.data for each in chunks) == COUNTED


async def test_while_nobody_asks_nothing_is_told(hub: HubSide) -> None:
    command_id = hub.run(COUNTING)
    await hub.started(command_id)
    _lose_connection(hub)
    assert (await hub.finished("true")).status == "succeeded"
    assert not [each for each in hub.messages if each.command_id == command_id]
    _attach(hub, command_id, 0)
    await hub.result(command_id)


async def test_a_run_that_ended_meanwhile_is_told_whole(hub: HubSide) -> None:
    command_id = hub.run(f"{COUNTING}; exit 3")
    _lose_connection(hub)
    _attach(hub, command_id, 0)
    assert (await hub.result(command_id)).exit_code == 3
    assert hub.output(command_id) == COUNTED


async def test_the_result_is_told_again_until_it_is_stored(hub: HubSide) -> None:
    command_id = hub.run("echo hello")
    first = await hub.result(command_id)
    for _ in range(2):
        _lose_connection(hub)
        _attach(hub, command_id, 0)
        assert await hub.result(command_id) == first
        assert hub.output(command_id) == b"hello\n"
    hub.say(CommandForget(command_id=command_id))
    _lose_connection(hub)
    _attach(hub, command_id, 0)
    result = await hub.result(command_id)
    assert (result.status, result.code) == ("lost", "not_found")


async def test_an_unknown_run_is_lost(hub: HubSide) -> None:
    _attach(hub, "unknown", 5)
    assert (await hub.result("unknown")).status == "lost"


async def test_what_the_hub_has_stored_is_not_sent_again(hub: HubSide) -> None:
    command_id = hub.run("echo 1; sleep 0.05; echo 2; sleep 0.05; echo 3")
    await hub.result(command_id)
    last = hub.of(CommandOutput)[-1].seq
    hub.say(CommandCredit(command_id=command_id, bytes=0, through_seq=last - 1))
    _lose_connection(hub)
    # Even if the hub has forgotten that it has.
    _attach(hub, command_id, 0)
    await hub.result(command_id)
    assert [each.seq for each in hub.of(CommandOutput)] == [last]


async def test_without_a_connection_a_run_goes_on_until_the_window_is_full(hub: HubSide) -> None:
    command_id = hub.run("head -c 2000000 /dev/zero; sleep 1000", window=WINDOW_BYTES)
    await hub.has_output(command_id, WINDOW_BYTES)
    _lose_connection(hub)
    # Others work meanwhile.
    await hub.finished("true")
    hub.refill = True
    _attach(hub, command_id, 0)
    await hub.has_output(command_id, 2_000_000)
    assert hub.of(CommandStarted, command_id=command_id)
    hub.cancel(command_id)
    assert (await hub.result(command_id)).status == "cancelled"


async def test_the_window_counts_anew_from_an_attach(hub: HubSide) -> None:
    command_id = hub.run("exec head -c 2000000 /dev/zero", window=WINDOW_BYTES)
    await eventually(lambda: len(hub.output(command_id)) == WINDOW_BYTES)
    half = hub.of(CommandOutput)[3].seq
    _lose_connection(hub)
    _attach(hub, command_id, half)
    await eventually(lambda: len(hub.output(command_id)) == WINDOW_BYTES)
    assert hub.of(CommandOutput)[0].seq == half + 1
    assert not hub.of(CommandResponse)
    hub.cancel(command_id)
    hub.refill = True
    hub.say(CommandCredit(command_id=command_id, bytes=2_000_000))
    await hub.result(command_id)


async def test_a_run_may_be_cancelled_after_a_reconnect(hub: HubSide) -> None:
    command_id = hub.run("sleep 1000")
    pid = await hub.started(command_id)
    _lose_connection(hub)
    hub.cancel(command_id)
    await gone(pid)
    _attach(hub, command_id, 0)
    assert (await hub.result(command_id)).status == "cancelled"


async def test_refusals_of_a_lost_connection_are_not_told_to_the_next(hub: HubSide) -> None:
    hub.reading.clear()
    hub.run("")
    hub.desk.disconnected()
    hub.reading.set()
    assert (await hub.finished("true")).status == "succeeded"
    assert [each.status for each in hub.of(CommandResponse)] == ["succeeded"]
