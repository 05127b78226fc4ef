"""When a picture is drawn, and when one waits for the wire."""

from collections.abc import Callable

from chatops_tui.driver.congestion import RETRY_S, Congestion
from tests.tui.driver.replay import Waiting


class Later:
    """A timer that goes off when it is told to."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        self.due.append((seconds, call))

    def go_off(self) -> None:
        due, self.due = self.due, []
        for _seconds, call in due:
            call()


def test_a_free_wire_takes_every_picture() -> None:
    later = Later()
    congestion = Congestion(Waiting, later)
    assert congestion.admits(lambda: None)
    assert (congestion.skipped, later.due) == (0, [])


def test_without_a_queue_the_wire_is_free() -> None:
    assert not Congestion(lambda: None, Later()).is_congested


def test_a_full_wire_is_asked_again_until_it_has_drained_and_repainted_once() -> None:
    queue, later, painted = Waiting(["a picture"]), Later(), []
    congestion = Congestion(lambda: queue, later)
    assert not congestion.admits(lambda: painted.append("first"))
    assert not congestion.admits(lambda: painted.append("newest"))
    assert [seconds for seconds, _call in later.due] == [RETRY_S]
    later.go_off()
    assert painted == []
    queue.clear()
    later.go_off()
    assert (painted, congestion.skipped, later.due) == (["newest"], 2, [])
