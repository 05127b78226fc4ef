import errno
import os
import signal
from pathlib import Path

import pytest

from chatops_agent.actions.workshop import Containment
from tests.deadlines import eventually
from tests.integration.agent_actions.hub_side import HubSide, hub_side
from tests.integration.agent_actions.processes import end, gone, is_alive

# The escapee's pid is the last line that the command prints.
ESCAPES = {
    "in the background": "sleep 1000 & echo $!",
    "own session": "setsid sh -c 'echo $$; exec sleep 1000' &",
    "ignoring hang-ups": "nohup sh -c 'echo $$; exec sleep 1000' 2>/dev/null &",
    "orphaned": "(sh -c 'echo $$; exec sleep 1000' &)",
    "orphaned in its own session": "(setsid sh -c 'echo $$; exec sleep 1000' &)",
    "orphaned, own session, output let go": "(setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &)",
    "orphaned, own session, ignoring TERM": (
        "(setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' &)"
    ),
    "orphaned, own session, emptied environment": "(env -i setsid sh -c 'echo $$; exec sleep 1000' &)",
}


async def _pid_printed(hub: HubSide, command_id: str) -> int:
    text = await eventually(lambda: hub.output(command_id, "stdout").strip(), what="a pid")
    return int(text.split()[-1])


async def test_a_cancelled_command_is_asked_to_end(hub: HubSide) -> None:
    command_id = hub.run("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done")
    await hub.printed(command_id, b"ready")
    hub.cancel(command_id)
    result = await hub.result(command_id)
    assert (result.status, result.exit_code, result.signal) == ("cancelled", 3, None)
    assert hub.output(command_id, "stdout") == b"ready\nbye\n"


async def test_what_a_shell_ran_has_the_grace_too_though_the_shell_is_gone() -> None:
    async with hub_side(containment=Containment(grace_s=3600)) as hub:
        inner = "trap 'sleep 0.2; echo tidied; exit' TERM; echo ready; while :; do sleep 0.01; done"
        # dash does not become the last command of a script: the shell above dies of TERM at once.
        command_id = hub.run(f'sh -c "{inner}"; true')
        await hub.printed(command_id, b"ready")
        hub.cancel(command_id)
        result = await hub.result(command_id)
        assert (result.status, result.signal) == ("cancelled", signal.SIGTERM)
        assert hub.output(command_id, "stdout") == b"ready\ntidied\n"


async def test_one_that_does_not_listen_is_killed(hub: HubSide) -> None:
    command_id = hub.run("trap '' TERM; echo ready; while :; do sleep 0.01; done")
    await hub.printed(command_id, b"ready")
    hub.cancel(command_id)
    result = await hub.result(command_id)
    assert (result.status, result.exit_code, result.signal) == ("cancelled", None, signal.SIGKILL)
    assert result.duration_ms >= 500


async def test_with_force_there_is_no_grace() -> None:
    async with hub_side(containment=Containment(grace_s=3600)) as hub:
        command_id = hub.run("trap '' TERM; echo ready; while :; do sleep 0.01; done")
        await hub.printed(command_id, b"ready")
        hub.cancel(command_id)
        hub.cancel(command_id)
        hub.cancel(command_id, force=True)
        assert (await hub.result(command_id)).signal == signal.SIGKILL


async def test_a_timeout_ends_it(hub: HubSide) -> None:
    result = await hub.finished("echo begun; sleep 1000", timeout_s=0.2)
    assert (result.status, result.signal) == ("timed_out", signal.SIGTERM)
    assert result.output_bytes == 6


async def test_a_stopped_process_is_ended_too(contained_hub: HubSide) -> None:
    hub = contained_hub
    command_id = hub.run("sh -c 'echo $$; kill -STOP $$; sleep 1000' & wait")
    pid = await _pid_printed(hub, command_id)
    await eventually(lambda: "T (stopped)" in Path(f"/proc/{pid}/status").read_text())
    hub.cancel(command_id)
    assert (await hub.result(command_id)).status == "cancelled"
    await gone(pid)


async def test_a_stopped_main_process_times_out(hub: HubSide) -> None:
    result = await hub.finished("kill -STOP $$; sleep 1000", timeout_s=0.2)
    assert (result.status, result.signal) == ("timed_out", signal.SIGTERM)


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
async def test_nothing_survives_a_cancel(contained_hub: HubSide, escape: str) -> None:
    hub = contained_hub
    command_id = hub.run(f"{escape}\nsleep 1000")
    pid = await _pid_printed(hub, command_id)
    leader = await hub.started(command_id)
    hub.cancel(command_id)
    assert (await hub.result(command_id)).status == "cancelled"
    await gone(pid, leader)


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
async def test_nothing_that_holds_the_output_survives_the_end(contained_hub: HubSide, escape: str) -> None:
    hub = contained_hub
    command_id = hub.run(f"{escape}\nsleep 0.1; echo done >&2; exit 4")
    pid = await _pid_printed(hub, command_id)
    result = await hub.result(command_id)
    assert (result.status, result.exit_code) == ("failed", 4)
    assert hub.output(command_id, "stderr") == b"done\n"
    if "/dev/null 2>&1" in escape:
        # It let go of the output, as daemons do: it was meant to stay.
        assert is_alive(pid)
        end(pid)
    await gone(pid)


async def test_a_background_job_does_not_hold_up_the_result(hub: HubSide) -> None:
    result = await hub.finished("sleep 1000 & echo done")
    assert (result.status, result.exit_code) == ("succeeded", 0)


async def test_a_flooding_background_job_is_ended_with_its_command(hub: HubSide) -> None:
    hub.refill = True
    command_id = hub.run("yes & echo $! >&2; exit 0", window=100_000)
    result = await hub.result(command_id)
    assert result.status == "succeeded"
    await gone(int(hub.output(command_id, "stderr")))


async def test_a_cancel_before_the_start_prevents_it(hub: HubSide, tmp_path: Path) -> None:
    command_id = hub.run(f"touch {tmp_path}/ran")
    hub.cancel(command_id)
    assert (await hub.result(command_id)).status == "cancelled"


async def test_a_cancel_after_the_end_changes_nothing(hub: HubSide) -> None:
    command_id = hub.run("exit 5")
    await hub.result(command_id)
    hub.cancel(command_id)
    hub.cancel(command_id, force=True)
    hub.cancel("unknown")
    assert (await hub.finished("true")).status == "succeeded"
    assert [each.exit_code for each in [await hub.result(command_id)]] == [5]


async def test_a_cancel_that_meets_the_end_gives_one_result(hub: HubSide) -> None:
    for _ in range(20):
        command_id = hub.run("exit 0")
        await hub.started(command_id)
        hub.cancel(command_id)
        result = await hub.result(command_id)
        assert result.status in {"succeeded", "cancelled"}
        assert len(hub.of(type(result), command_id=command_id)) == 1


async def test_when_the_agent_stops_nothing_is_left() -> None:
    pids = []
    async with hub_side() as hub:
        for escape in ("sleep 1000 &", ESCAPES["orphaned in its own session"], "trap '' TERM"):
            command_id = hub.run(f"{escape}\necho $$; while :; do sleep 1; done")
            pids += [await hub.started(command_id), await _pid_printed(hub, command_id)]
    await gone(*pids)


async def test_a_fork_bomb_of_processes_that_flee_is_caught(contained_hub: HubSide) -> None:
    hub = contained_hub
    command_id = hub.run(
        "i=0; while [ $i -lt 30 ]; do (setsid sh -c 'echo $$; sleep 1000' &); i=$((i+1)); done; sleep 1000"
    )
    await eventually(lambda: len(hub.output(command_id).split()) == 30)
    hub.cancel(command_id, force=True)
    await hub.result(command_id)
    await gone(*(int(pid) for pid in hub.output(command_id).split()))


async def test_before_linux_5_3_all_works_without_pidfds(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_pid: int, _flags: int = 0) -> int:
        raise OSError(errno.ENOSYS, "not here")

    monkeypatch.setattr(os, "pidfd_open", missing)
    async with hub_side(containment=Containment(cgroups=False)) as hub:
        assert (await hub.finished("exit 3")).exit_code == 3
        assert (await hub.finished("kill -KILL $$")).signal == signal.SIGKILL
        command_id = hub.run(f"{ESCAPES['orphaned in its own session']}\nsleep 1000")
        pids = [await _pid_printed(hub, command_id), await hub.started(command_id)]
        hub.cancel(command_id)
        assert (await hub.result(command_id)).status == "cancelled"
        await gone(*pids)
