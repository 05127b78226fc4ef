from collections import deque

from msgspec import Struct

from chatops_agent.actions.rota import MOST_ANSWERS, Rota
from chatops_wire.agent import Ack


class Speaker:
    def __init__(self, *seqs: int) -> None:
        self.waiting = deque(seqs)

    def next_message(self) -> Struct | None:
        return Ack(seq=self.waiting.popleft()) if self.waiting else None


def _all(rota: Rota) -> list[int]:
    said = []
    while (message := rota.next_message()) is not None:
        assert isinstance(message, Ack)
        said.append(message.seq)
    return said


def test_each_has_its_turn() -> None:
    rota = Rota(lambda: None)
    for speaker in (Speaker(11, 12, 13), Speaker(21), Speaker(31, 32)):
        rota.ready(speaker)
    assert _all(rota) == [11, 21, 31, 12, 32, 13]


def test_answers_go_ahead_of_everything() -> None:
    rota = Rota(lambda: None)
    speaker = Speaker(1, 2, 3)
    rota.ready(speaker)
    assert rota.next_message() == Ack(seq=1)
    rota.answer(Ack(seq=99))
    rota.answer(Ack(seq=100))
    assert _all(rota) == [99, 100, 2, 3]


def test_who_says_it_twice_is_asked_once() -> None:
    rota = Rota(lambda: None)
    first, second = Speaker(1, 2), Speaker(3)
    for speaker in (first, second, first):
        rota.ready(speaker)
    assert _all(rota) == [1, 3, 2]


def test_who_had_nothing_to_say_is_asked_again_when_ready() -> None:
    rota = Rota(lambda: None)
    speaker = Speaker()
    rota.ready(speaker)
    assert _all(rota) == []
    speaker.waiting.append(1)
    assert _all(rota) == []
    rota.ready(speaker)
    assert _all(rota) == [1]


def test_a_lost_connection_clears_it_and_one_source_can_be_withdrawn() -> None:
    rota = Rota(lambda: None)
    gone, stays = Speaker(1), Speaker(2)
    rota.ready(gone)
    rota.ready(stays)
    rota.withdraw(gone)
    assert _all(rota) == [2]
    rota.ready(gone)
    rota.answer(Ack(seq=3))
    rota.clear()
    assert _all(rota) == []


def test_it_wakes_whoever_sends() -> None:
    woken: list[int] = []
    rota = Rota(lambda: woken.append(1))
    rota.ready(Speaker())
    rota.answer(Ack(seq=1))
    assert len(woken) == 2


def test_a_hub_that_asks_without_reading_does_not_fill_the_memory() -> None:
    rota = Rota(lambda: None)
    for seq in range(MOST_ANSWERS + 10):
        rota.answer(Ack(seq=seq))
    assert _all(rota) == list(range(MOST_ANSWERS))
