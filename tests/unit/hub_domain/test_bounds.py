"""What an agent says is kept within bounds, and what was cut is counted."""

from typing import Any

import pytest
from hypothesis import given
from msgspec import json

from chatops_server.domain.bounds import MOST, MOST_NAME, bounded
from chatops_wire.agent import Metrics
from chatops_wire.codec import MalformedFrameError, from_agent
from tests.live_peers import metrics
from tests.strategies import instances

DISK = {"mount": "/", "total": 1, "used": 1, "percent": 1}


def decoded(**parts: Any) -> Metrics:  # noqa: ANN401 - JSON
    message = from_agent().decode(json.encode(metrics(1) | parts))
    assert isinstance(message, Metrics)
    return message


@pytest.mark.parametrize(
    ("parts", "cut"),
    [
        ({}, 0),
        ({"disks": [DISK]}, 0),
        ({"disks": [DISK] * (MOST["disks"] + 3)}, 3),
        ({"disks": [DISK | {"total": -1}]}, 1),
        ({"disks": [DISK | {"mount": "/" + "x" * 5000}, DISK]}, 1),
        ({"memory": {"total": -8, "used": -2, "percent": 1}}, 1),
        ({"networks": [{"interface": "e" * 5000}]}, 1),
        ({"processes": [{"pid": 1, "name": "x" * 5000}]}, 1),
        ({"cpu": {"percent": 1, "cores": [1.0] * 2000}}, 976),
    ],
)
def test_what_is_beyond_is_cut_and_counted(parts: dict[str, Any], cut: int) -> None:
    sample = decoded(**parts)
    kept, count = bounded(sample)
    assert count == cut
    assert (kept is sample) == (cut == 0)
    assert bounded(kept) == (kept, 0)


def test_names_and_sizes_are_then_within_bounds() -> None:
    kept, _ = bounded(decoded(disks=[DISK | {"mount": "m" * 5000, "used": -5}]))
    assert (len(kept.disks[0].mount), kept.disks[0].used) == (MOST_NAME, 0)


@given(sample=instances(Metrics))
def test_whatever_is_said_is_bounded_once(sample: Metrics) -> None:
    kept, _ = bounded(sample)
    assert bounded(kept) == (kept, 0)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_is_no_number_is_malformed(value: str) -> None:
    frame = json.encode(metrics(1)).replace(b'"percent":10.0', b'"percent":' + value.encode())
    assert value.encode() in frame
    with pytest.raises(MalformedFrameError):
        from_agent().decode(frame)
