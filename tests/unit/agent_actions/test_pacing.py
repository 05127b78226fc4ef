import pytest

from chatops_agent.actions.pacing import GATHER_S, Pacer
from chatops_wire.commands import CHUNK_BYTES


@pytest.mark.parametrize(
    ("waiting", "later_s", "expected"),
    [
        (1, 0.0, GATHER_S),
        (1, GATHER_S / 2, GATHER_S / 2),
        (1, GATHER_S, 0.0),
        (1, 60.0, 0.0),
        (CHUNK_BYTES - 1, 0.0, GATHER_S),
        (CHUNK_BYTES, 0.0, 0.0),
    ],
)
def test_small_output_waits_a_moment_after_a_frame(waiting: int, later_s: float, expected: float) -> None:
    pacer = Pacer()
    pacer.sent(100.0)
    assert pacer.delay_s(waiting, 100.0 + later_s) == pytest.approx(expected)


def test_the_first_output_does_not_wait() -> None:
    assert Pacer().delay_s(1, 0.0) == 0.0
