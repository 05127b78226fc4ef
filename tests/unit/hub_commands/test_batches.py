"""When a batch begins its next run, and when it stops."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.batches import Batch, begun, counts_as_failure, ended
from chatops_wire.commands import CommandStatus

STATUSES: Sequence[CommandStatus] = ("succeeded", "failed", "timed_out", "cancelled", "refused", "lost")


def test_as_many_begin_as_may_run_at_once() -> None:
    batch, first = begun(Batch(("a", "b", "c"), concurrency=2))
    assert first == ("a", "b")
    assert begun(batch)[1] == ()
    batch, then = begun(ended(batch, "b", "succeeded"))
    assert then == ("c",)
    assert not batch.is_over
    assert ended(ended(batch, "a", "succeeded"), "c", "succeeded").is_over


def test_after_so_many_failures_none_is_begun() -> None:
    batch, _ = begun(Batch(tuple("abcde"), concurrency=2, stop_after_failures=2))
    batch = ended(batch, "a", "failed")
    batch, then = begun(batch)
    assert then == ("c",)
    batch = ended(batch, "b", "lost")
    assert begun(batch)[1] == ()
    assert not batch.is_over
    batch = ended(batch, "c", "succeeded")
    assert batch.is_over
    assert batch.waiting == ("d", "e")


def test_an_end_that_is_told_twice_counts_once() -> None:
    batch, _ = begun(Batch(("a", "b"), 2, 5))
    once = ended(batch, "a", "failed")
    assert ended(once, "a", "failed") == once
    assert ended(once, "unknown", "failed") == once


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("succeeded", False),
        ("cancelled", False),
        ("running", False),
        ("failed", True),
        ("timed_out", True),
        ("refused", True),
        ("lost", True),
    ],
)
def test_every_end_without_success_but_cancelling_is_a_failure(status: CommandStatus, expected: bool) -> None:  # noqa: FBT001 - a table
    assert counts_as_failure(status) is expected


@given(
    count=st.integers(0, 12),
    concurrency=st.integers(1, 5),
    stop=st.none() | st.integers(1, 4),
    data=st.data(),
)
def test_every_run_begins_at_most_once_and_never_too_many(
    count: int, concurrency: int, stop: int | None, data: st.DataObject
) -> None:
    batch = Batch(tuple(map(str, range(count))), concurrency, stop)
    seen: list[str] = []
    failures = 0
    while not batch.is_over:
        batch, starting = begun(batch)
        seen += starting
        assert 0 < len(batch.running) <= concurrency
        run = data.draw(st.sampled_from(sorted(batch.running)))
        status = data.draw(st.sampled_from(STATUSES))
        failures += counts_as_failure(status)
        batch = ended(batch, run, status)
    assert len(seen) == len(set(seen))
    assert [*seen, *batch.waiting] == list(map(str, range(count)))
    assert not batch.waiting or (stop is not None and failures >= stop)
