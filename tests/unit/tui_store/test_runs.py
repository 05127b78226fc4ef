"""Runs, their output, groups of alike ones, the history, and the list of what is asked about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.store.danger import USUAL, compiled, danger_in
from chatops_tui.store.groups import grouped
from chatops_tui.store.outputs import OutputRing
from chatops_tui.store.recall import MOST, Recall
from chatops_tui.store.runs import (
    KEPT_RUNS,
    Run,
    RunAccepted,
    RunForgotten,
    RunRejected,
    Runs,
    RunsAsked,
    RunTold,
)
from chatops_wire.commands import CommandFinished, CommandOutput, FinalStatus


def started(runs: Runs, *server_ids: str, batch: int = 0) -> list[int]:
    members = tuple(Run(runs.take_key(), one, "uptime", 0, batch) for one in server_ids)
    runs.apply(RunsAsked(members))
    for run in members:
        runs.apply(RunAccepted(run.key, f"c{run.key}"))
    return [run.key for run in members]


def chunk(key: int, seq: int, data: bytes) -> CommandOutput:
    return CommandOutput(command_id=f"c{key}", seq=seq, stream="stdout", data=data)


def end(key: int, status: FinalStatus = "succeeded", exit_code: int | None = 0) -> CommandFinished:
    return CommandFinished(
        command_id=f"c{key}",
        status=status,
        exit_code=exit_code,
        signal=None,
        output_bytes=0,
        truncated=False,
        duration_ms=5,
    )


def texts(ring: OutputRing) -> list[str]:
    return [ring.line(at).text for at in range(len(ring))]


def test_both_streams_stand_in_the_order_they_came_and_an_open_line_last() -> None:
    ring = OutputRing()
    ring.feed("stdout", b"one\ntw")
    ring.feed("stderr", b"oops\n")
    assert texts(ring) == ["one", "oops", "tw"]
    assert [ring.line(at).is_error for at in range(3)] == [False, True, False]
    ring.feed("stdout", b"o")
    ring.finish()
    assert texts(ring) == ["one", "oops", "two"]
    last = ring.last()
    assert last is not None
    assert last.text == "two"


def test_a_full_ring_drops_the_oldest_and_counts_them() -> None:
    ring = OutputRing(3)
    ring.feed("stdout", b"1\n2\n3\n4\n5\n")
    assert texts(ring) == ["3", "4", "5"]
    assert ring.dropped == 2
    assert ring.size_bytes == 10


@given(st.binary(max_size=60), st.integers(0, 60))
def test_a_digest_does_not_depend_on_how_the_output_was_cut(data: bytes, at: int) -> None:
    whole, cut = OutputRing(), OutputRing()
    whole.feed("stdout", data)
    cut.feed("stdout", data[:at])
    cut.feed("stdout", data[at:])
    assert whole.digest == cut.digest


def test_streams_do_not_pass_for_each_other() -> None:
    one, other = OutputRing(), OutputRing()
    one.feed("stdout", b"x")
    other.feed("stderr", b"x")
    assert one.digest != other.digest


def test_a_run_is_followed_from_its_id_to_its_end() -> None:
    runs = Runs()
    [key] = started(runs, "s1")
    assert runs.followed() == {"c1"}
    runs.apply(chunk(key, 1, b"a\n"))
    runs.apply(end(key, "failed", 2))
    memory = runs.get(key)
    assert memory is not None
    assert (memory.run.status, memory.run.exit_code, memory.run.duration_ms) == ("failed", 2, 5)
    assert memory.run.is_failed
    assert runs.followed() == frozenset()


def test_what_is_told_again_after_a_reconnection_counts_once() -> None:
    runs = Runs()
    [key] = started(runs, "s1")
    for seq, data in ((1, b"a\n"), (2, b"b\n"), (1, b"a\n"), (2, b"b\n"), (3, b"c\n")):
        runs.apply(chunk(key, seq, data))
    memory = runs.get(key)
    assert memory is not None
    assert texts(memory.output) == ["a", "b", "c"]


def test_refusals_remarks_and_forgotten_commands() -> None:
    runs = Runs()
    refused, told, forgotten = started(runs, "s1", "s2", "s3")
    runs.apply(RunRejected(refused, "No."))
    runs.apply(RunTold(told, "Not stopped."))
    runs.apply(RunForgotten(f"c{forgotten}", "Unknown."))
    states = [(memory.run.status, memory.run.reason) for memory in runs]
    assert states == [("rejected", "No."), ("running", "Not stopped."), ("lost", "Unknown.")]
    runs.apply(end(refused))
    runs.apply(chunk(99, 1, b"x"))
    runs.apply(RunRejected(99, "x"))
    runs.apply(RunAccepted(99, "x"))
    assert [memory.run.status for memory in runs] == ["rejected", "running", "lost"]


def test_only_so_many_ended_runs_are_kept_and_one_fan_out() -> None:
    runs = Runs()
    for _ in range(KEPT_RUNS + 5):
        [key] = started(runs, "s1")
        runs.apply(end(key))
    started(runs, "s1")
    assert len(runs.of_server("s1")) == KEPT_RUNS + 1
    batch = runs.take_key()
    for key in started(runs, "s1", "s2", batch=batch):
        runs.apply(end(key))
    assert len(runs.of_batch(batch)) == 2
    newer = runs.take_key()
    started(runs, "s3", batch=newer)
    assert runs.of_batch(batch) == []
    assert len(runs.of_batch(newer)) == 1


def test_forgetting_keeps_what_runs() -> None:
    runs = Runs()
    [ended] = started(runs, "s1")
    [running] = started(runs, "s1")
    runs.apply(end(ended))
    runs.forget("s1")
    assert [memory.run.key for memory in runs] == [running]
    runs.clear()
    assert list(runs) == []


def test_alike_ends_are_one_group_the_largest_first_and_running_ones_last() -> None:
    runs = Runs()
    keys = started(runs, "s1", "s2", "s3", "s4", "s5", batch=1)
    for key, data in zip(keys, (b"a", b"b", b"a", b"a"), strict=False):
        runs.apply(chunk(key, 1, data))
    for key in keys[:3]:
        runs.apply(end(key))
    runs.apply(end(keys[3], "failed", 1))
    groups = grouped(runs.of_batch(1))
    assert [[one.run.server_id for one in group.members] for group in groups] == [
        ["s1", "s3"],
        ["s2"],
        ["s4"],
        ["s5"],
    ]
    assert groups[0].id == str(keys[0])


def test_the_history_goes_back_and_forth_and_gives_the_draft_back() -> None:
    recall = Recall()
    recall.add("first")
    recall.load(["newest of the hub", "first", "oldest"])
    assert recall.back("dra") == "first"
    assert recall.back("first") == "newest of the hub"
    assert recall.back("") == "oldest"
    assert recall.back("") == "oldest"
    assert recall.forth("") == "newest of the hub"
    assert recall.forth("") == "first"
    assert recall.forth("") == "dra"
    assert recall.forth("dra") == "dra"


def test_the_history_holds_each_command_once_and_so_many() -> None:
    recall = Recall()
    for n in range(MOST + 10):
        recall.add(f"echo {n}")
    recall.add("echo 500")
    assert recall.matching("echo 500")[0] == "echo 500"
    assert len(recall.matching("ECHO")) == MOST
    assert recall.matching("5 echo 00")[:1] == ["echo 500"]


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /",
        "sudo rm --verbose -fr x",
        "find / -name x -delete",
        "mkfs.ext4 /dev/sda1",
        "dd if=x of=/dev/sda",
        "cat x > /dev/sda",
        "reboot",
        "init 0",
        "systemctl restart nginx",
        "systemctl --now disable x",
        "service nginx stop",
        "pkill -9 java",
        "kill -9 -1",
        "chmod -R 777 /",
        "iptables -F",
        "ip link set eth0 down",
        "userdel x",
        "apt-get -y remove vim",
        "docker rm -f web",
        "kubectl -n x delete pod y",
        "psql -c 'DROP TABLE users'",
        ":(){ :|:& };:",
    ],
)
def test_what_cannot_be_undone_is_found(command: str) -> None:
    assert danger_in(command, compiled(USUAL))


@pytest.mark.parametrize(
    "command",
    [
        "uptime",
        "df -h",
        "ls -la /dev/shm",
        "rm x",
        "docker ps",
        "systemctl status nginx",
        "grep -r reboots /var",
    ],
)
def test_what_only_looks_is_not_asked_about(command: str) -> None:
    assert not danger_in(command, compiled(USUAL))
