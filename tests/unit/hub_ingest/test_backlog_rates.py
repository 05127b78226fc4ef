"""Who drains a backlog shares what the hub takes."""

from chatops_server.services.backlog_rates import LEAST_PER_S, BacklogRates


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_all_that_drain_share_and_are_told_only_what_changes() -> None:
    rates = BacklogRates(Clock(), 1000)
    assert rates.share("a") is None
    assert rates.share("b") == 500
    assert rates.share("a") == 500
    assert [rates.share(number) for number in range(8)][-1] == 100
    # A tenth less is not worth a word.
    assert rates.share(8) == 90
    assert rates.share(7) is None


def test_who_has_drained_leaves_its_share_to_the_others() -> None:
    clock = Clock()
    rates = BacklogRates(clock, 1000)
    assert [rates.share(each) for each in "abcd"] == [None, 500, 333, 250]
    clock.now_s += 9
    assert rates.share("d") is None
    rates.ended("c")
    clock.now_s += 2
    assert rates.share("d") == 1000


def test_nobody_waits_for_ever() -> None:
    rates = BacklogRates(Clock(), 10)
    assert [rates.share(number) for number in range(1000)][-1] == LEAST_PER_S
