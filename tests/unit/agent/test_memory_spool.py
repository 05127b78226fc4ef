import random

import pytest

from chatops_agent.spool import FULL, Dropped, MemorySpool, Stored


def filled(*bodies: bytes, max_samples: int = 3, max_bytes: int = 100) -> MemorySpool:
    spool = MemorySpool("e1", max_samples=max_samples, max_bytes=max_bytes)
    for body in bodies:
        spool.append(body)
    return spool


def test_sequences_count_from_one() -> None:
    spool = filled()
    assert spool.next_seq == 1
    spool.append(b"a")
    assert (2, [Stored(1, b"a")]) == (spool.next_seq, list(spool.read(0)))


@pytest.mark.parametrize(
    ("after", "expected"),
    [(0, [Stored(1, b"a"), Stored(2, b"b")]), (1, [Stored(2, b"b")]), (2, []), (9, [])],
)
def test_reading_starts_beyond(after: int, expected: list[Stored]) -> None:
    assert expected == list(filled(b"a", b"b").read(after))


def test_the_oldest_goes_when_there_are_too_many_and_is_remembered() -> None:
    spool = filled(b"a", b"b", b"c", b"d", b"e")
    assert [Dropped(1, 2, FULL), Stored(3, b"c"), Stored(4, b"d"), Stored(5, b"e")] == list(spool.read(0))
    assert [Dropped(2, 2, FULL), Stored(3, b"c")] == list(spool.read(1))[:2]


def noise(size: int) -> bytes:
    """Return bytes that compression makes no smaller."""
    return random.Random(size).randbytes(size)  # noqa: S311 - no secret


def test_the_oldest_go_when_they_are_too_large() -> None:
    spool = filled(noise(60), noise(30), noise(80))
    assert list(spool.read(0)) == [Dropped(1, 2, FULL), Stored(3, noise(80))]


def test_what_compresses_well_takes_little_room() -> None:
    spool = filled(b"a" * 5000, b"b" * 5000)
    assert list(spool.read(0)) == [Stored(1, b"a" * 5000), Stored(2, b"b" * 5000)]


def test_the_newest_stays_whatever_its_size() -> None:
    assert list(filled(noise(200)).read(0)) == [Stored(1, noise(200))]


@pytest.mark.parametrize(
    ("through", "expected"),
    [
        (1, [Dropped(1, 2, FULL), Stored(3, b"c")]),
        (2, [Stored(3, b"c"), Stored(4, b"d")]),
        (3, [Stored(4, b"d"), Stored(5, b"e")]),
        (9, []),
    ],
)
def test_what_is_acknowledged_is_forgotten(through: int, expected: list[Stored | Dropped]) -> None:
    spool = filled(b"a", b"b", b"c", b"d", b"e")
    spool.trim(through)
    assert expected == list(spool.read(0))[:2]
    assert spool.next_seq == 6


def test_room_comes_back_with_what_is_forgotten() -> None:
    spool = filled(noise(80))
    spool.trim(1)
    spool.append(noise(81))
    assert list(spool.read(0)) == [Stored(2, noise(81))]
