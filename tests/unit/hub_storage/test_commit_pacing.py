"""How long samples wait for others before they are committed."""

import heapq
import random

import pytest

from chatops_server.storage.sqlite.pacing import ENOUGH_ROWS, FAST_GAP_S, SLOW_GAP_S, Pacing

INTERVAL_S = 5.0
SECONDS = 60.0


class Simulated:
    """Agents that send at their interval, each at a moment of its own, for a minute."""

    def __init__(self, agents: int) -> None:
        self.commits = 0
        self.longest_s = 0.0
        self._pacing = Pacing()
        self._waiting: list[float] = []
        chance = random.Random(agents)  # noqa: S311 - phases
        self._next = [(chance.random() * INTERVAL_S, number) for number in range(agents)]
        heapq.heapify(self._next)

    def run(self) -> "Simulated":
        due = float("inf")
        while self._next[0][0] < SECONDS:
            if due <= self._next[0][0]:
                self._commit(due)
                due = float("inf")
                continue
            now, number = heapq.heappop(self._next)
            heapq.heappush(self._next, (now + INTERVAL_S, number))
            self._waiting.append(now)
            self._pacing.arrived(number, 1, now)
            due = min(due, now + self._pacing.wait_s(now))
        return self

    def _commit(self, now: float) -> None:
        self._pacing.committed(now)
        self.commits += 1
        self.longest_s = max([self.longest_s, *(now - since for since in self._waiting)])
        self._waiting.clear()


def test_the_first_samples_wait_for_nobody() -> None:
    pacing = Pacing()
    pacing.arrived(1, 1, 0.0)

    assert pacing.wait_s(0.0) == 0.0


def test_a_hundred_agents_share_a_commit_a_second() -> None:
    run = Simulated(100).run()

    assert run.commits <= SECONDS / SLOW_GAP_S * 1.2
    assert run.longest_s <= SLOW_GAP_S


@pytest.mark.parametrize("agents", [200, 500, 1_000, 2_500, 10_000])
def test_no_sample_of_a_larger_fleet_waits_longer_than_the_short_gap(agents: int) -> None:
    run = Simulated(agents).run()

    # The first two seconds are a small fleet's: nobody knows yet how many there are.
    assert run.longest_s <= SLOW_GAP_S
    assert run.commits >= SECONDS / FAST_GAP_S * 0.9


def test_enough_samples_wait_no_longer() -> None:
    pacing = _busy()
    for number in range(ENOUGH_ROWS - 1):
        pacing.arrived(number, 1, 10.0)
    before = pacing.wait_s(10.0)
    pacing.arrived(ENOUGH_ROWS, 1, 10.0)

    assert before > 0.0
    assert pacing.wait_s(10.0) == 0.0


def test_a_backlog_is_committed_at_once() -> None:
    pacing = _busy()
    pacing.arrived(0, ENOUGH_ROWS, 10.0)

    assert pacing.wait_s(10.0) == 0.0


def test_who_waits_for_each_ack_is_not_kept_waiting_for_company() -> None:
    pacing = Pacing()
    waits = []
    for number in range(100):
        now = number * 0.001
        pacing.arrived(7, 1, now)
        waits.append(pacing.wait_s(now))
        pacing.committed(now)

    assert waits == [0.0] * 100


def test_after_a_silence_there_is_no_hurry_to_wait() -> None:
    pacing = _busy()
    pacing.arrived(1, 1, 100.0)

    assert pacing.wait_s(100.0) == 0.0


def test_the_rows_that_wait_are_counted() -> None:
    pacing = Pacing()
    pacing.arrived(1, 3, 0.0)
    pacing.arrived(2, 1, 0.0)
    waiting = pacing.rows
    pacing.committed(0.0)

    assert (waiting, pacing.rows) == (4, 0)


def _busy() -> Pacing:
    """A hub whose commits have used up what it may do at once; 200 agents were just heard."""
    pacing = Pacing()
    for number in range(200):
        pacing.arrived(number, 1, 9.0)
    for _ in range(20):
        pacing.committed(10.0)
    return pacing
