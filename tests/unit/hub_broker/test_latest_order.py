"""The newest sequence is the latest sample, whatever any clock says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.latest_order import Mark, after_backlog, after_live, after_numbered


@pytest.mark.parametrize(
    ("current", "epoch", "seq", "expected"),
    [
        (None, "a", 1, Mark("a", 1)),
        (Mark("a", 5), "a", 6, Mark("a", 6)),
        (Mark("a", 5), "a", 5, None),
        (Mark("a", 5), "a", 4, None),
        (Mark("a", 5), "b", 1, Mark("b", 1)),
        (Mark("a", 5, is_live=True), "a", 6, Mark("a", 6)),
        (Mark("a", 5, is_live=True), "a", 5, None),
    ],
)
def test_a_numbered_sample_is_shown_when_its_sequence_is_newer(
    current: Mark | None, epoch: str, seq: int, expected: Mark | None
) -> None:
    assert expected == after_numbered(current, epoch, seq)


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (None, Mark("a", 0, is_live=True)),
        (Mark("a", 7), Mark("a", 7, is_live=True)),
        (Mark("b", 7), Mark("a", 0, is_live=True)),
    ],
)
def test_a_live_sample_is_always_shown(current: Mark | None, expected: Mark) -> None:
    assert expected == after_live(current, "a")


@pytest.mark.parametrize(
    ("current", "seq", "since", "expected"),
    [
        (None, 3, 9, Mark("a", 3)),
        (Mark("a", 2), 3, 9, Mark("a", 3)),
        (Mark("a", 3), 3, 9, None),
        # A live sample of an earlier connection is newer than what was made before this one …
        (Mark("a", 2, is_live=True), 8, 9, None),
        # … and older than what was made since.
        (Mark("a", 2, is_live=True), 9, 9, Mark("a", 9)),
        # This connection's own live sample is newer than its backlog.
        (Mark("a", 2, is_live=True), 9, None, None),
        (Mark("b", 50, is_live=True), 3, 1, Mark("a", 3)),
    ],
)
def test_a_backlog_never_hides_a_newer_sample(
    current: Mark | None, seq: int, since: int | None, expected: Mark | None
) -> None:
    assert expected == after_backlog(current, "a", seq, since)


@given(st.lists(st.integers(1, 50), min_size=1))
def test_in_any_order_the_newest_of_an_epoch_ends_up_shown(seqs: list[int]) -> None:
    mark: Mark | None = None
    for seq in seqs:
        mark = after_numbered(mark, "a", seq) or mark
    assert Mark("a", max(seqs)) == mark
