from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain import rollups
from chatops_server.domain.downsampling import Partial
from chatops_server.domain.rollups import PRESENCE, Sums, Within
from chatops_server.domain.sealing import pieces, rows_of
from chatops_server.domain.tiers import (
    DAY_MS,
    HOURS,
    MINUTES,
    RAW,
    ROLLUPS,
    TEN_MINUTES,
    TIERS,
    Keep,
    Tier,
)

HOUR_MS = 3_600_000
NOW_MS = 1_767_268_800_000
ROWS = st.lists(
    st.tuples(
        st.integers(0, 5 * HOUR_MS),
        st.one_of(st.none(), st.integers(-(2**62), 2**62)),
        st.one_of(st.none(), st.integers(0, 10_000)),
    ),
    max_size=40,
)


def rolled_up(rows: Sequence[tuple[int, int | None, int | None]], step_ms: int) -> rollups.Rollup:
    ordered = sorted(rows, key=lambda row: row[0])
    times, *columns = zip(*ordered, strict=True) if ordered else ((), (), ())
    return rollups.of_samples(times, columns, step_ms)


@given(ROWS, st.sampled_from(ROLLUPS))
def test_a_rollup_comes_back_as_it_was(rows: list[tuple[int, int | None, int | None]], tier: Tier) -> None:
    rollup = rolled_up(rows, tier.step_ms)
    assert rollups.decode(rollups.encode(rollup)) == rollup or not rollup


@given(ROWS, ROWS, ROWS, st.sampled_from(ROLLUPS))
def test_it_does_not_matter_in_which_parts_samples_come(
    one: list[tuple[int, int | None, int | None]],
    two: list[tuple[int, int | None, int | None]],
    three: list[tuple[int, int | None, int | None]],
    tier: Tier,
) -> None:
    parts = [rolled_up(rows, tier.step_ms) for rows in (one, two, three)]
    at_once = rolled_up([*one, *two, *three], tier.step_ms)
    left = rollups.merged(rollups.merged(parts[0], parts[1]), parts[2])
    right = rollups.merged(parts[0], rollups.merged(parts[2], parts[1]))
    assert left == right == at_once


@given(ROWS)
def test_wider_buckets_follow_from_narrower_ones(rows: list[tuple[int, int | None, int | None]]) -> None:
    minutes = rolled_up(rows, MINUTES.step_ms)
    assert rollups.widened(minutes, HOURS.step_ms) == rolled_up(rows, HOURS.step_ms)


@given(ROWS, st.integers(0, 5 * HOUR_MS), st.integers(1, 5 * HOUR_MS))
def test_a_chart_folds_the_buckets_of_its_range(
    rows: list[tuple[int, int | None, int | None]], start_ms: int, length_ms: int
) -> None:
    minutes = rolled_up(rows, MINUTES.step_ms)
    within = Within(start_ms, start_ms + length_ms, TEN_MINUTES.step_ms)
    into: dict[int, Sums] = {1: {}, PRESENCE: {}}
    rollups.fold_metrics(rollups.encode(minutes), within, into)
    inside = {start: bucket for start, bucket in minutes.items() if within.start_ms <= start < within.end_ms}
    wider = rollups.widened(inside, TEN_MINUTES.step_ms)
    assert into[PRESENCE] == {start: [count, count, 1, 1] for start, (count, _) in wider.items()}
    expected = {start: list(parts[1]) for start, (_, parts) in wider.items() if parts[1] is not None}
    assert into[1] == expected


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_chunks_hold_every_sample_whatever_they_come_in(
    batches: list[list[tuple[int, int | None, int | None]]],
) -> None:
    chunks: dict[tuple[Tier, int], bytes] = {}
    for batch in batches:
        for piece in pieces(batch):
            before = chunks.get((piece.tier, piece.t0))
            _, chunks[piece.tier, piece.t0] = piece.merged(before)
    rows = [row for batch in batches for row in batch]
    kept = [row for (tier, _), chunk in chunks.items() if tier == RAW for row in rows_of(chunk)]
    assert sorted(map(repr, kept)) == sorted(map(repr, rows))
    for tier in ROLLUPS:
        found: rollups.Rollup = {}
        for (of_tier, t0), chunk in chunks.items():
            if of_tier == tier:
                part = rollups.decode(chunk)
                assert all(tier.chunk_of(start) == t0 for start in part)
                found.update(part)
        assert found == rolled_up(rows, tier.step_ms)


def test_rows_of_an_older_version_lack_the_newer_columns() -> None:
    [raw, *_] = list(pieces([(0, 1)]))
    count, chunk = next(piece for piece in pieces([(5, 2, 3)]) if piece.tier == RAW).merged(
        raw.merged(None)[1]
    )
    assert count == 2
    assert rows_of(chunk) == [(0, 1, None), (5, 2, 3)]


def test_a_bucket_without_a_value_counts_its_samples() -> None:
    assert rolled_up([(0, None, 5)], 60_000) == {0: (1, [None, Partial(1, 5, 5, 5)])}


@pytest.mark.parametrize(
    ("step_ms", "days_back", "expected"),
    [
        (5_000, 1, RAW),
        (60_000, 1, MINUTES),
        (15 * 60_000, 1, MINUTES),
        (10 * 60_000, 6, TEN_MINUTES),
        (3 * HOUR_MS, 6, HOURS),
        (60_000, 20, MINUTES),
        (10 * 60_000, 100, TEN_MINUTES),
        (2 * DAY_MS, 700, HOURS),
    ],
)
def test_the_coarsest_tier_that_makes_up_the_buckets_answers(
    step_ms: int, days_back: int, expected: Tier
) -> None:
    assert Keep().best(step_ms, NOW_MS - days_back * DAY_MS, NOW_MS) == expected


@pytest.mark.parametrize(
    ("days_back", "expected"),
    [(0, RAW), (7, RAW), (8, MINUTES), (31, TEN_MINUTES), (200, HOURS), (10_000, HOURS)],
)
def test_the_finest_tier_depends_on_how_far_back(days_back: int, expected: Tier) -> None:
    assert Keep().finest(NOW_MS - days_back * DAY_MS, NOW_MS) == expected


def test_what_is_kept_may_differ_from_the_usual_order() -> None:
    """Somebody who keeps samples for a year needs no minutes."""
    keep = Keep(raw_days=365, minutes_days=1)
    assert keep.best(60_000, NOW_MS - 100 * DAY_MS, NOW_MS) == RAW


def test_the_numbers_of_tiers_stand_in_databases() -> None:
    assert [(tier.number, tier.name, tier.step_ms) for tier in TIERS] == [
        (0, "raw", 1),
        (1, "1m", 60_000),
        (2, "10m", 600_000),
        (3, "1h", HOUR_MS),
    ]
