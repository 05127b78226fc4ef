"""Containers of agents in other languages: what is not understood of one costs that field only."""

from typing import Any

import msgspec
import pytest

from chatops_wire.agent import Live, Metrics, MetricsBatch
from chatops_wire.codec import MalformedFrameError, UnknownMessage, from_agent
from chatops_wire.containers import Container, ContainerEvent
from chatops_wire.foreign_containers import understood

SAMPLE: dict[str, Any] = {
    "timestamp": "2027-01-15T08:00:00.000Z",
    "cpu": {"percent": 1},
    "memory": {"total": 8, "used": 2, "percent": 25},
}


def decoded(message: dict[str, Any]) -> Any:  # noqa: ANN401 - any message
    return from_agent().decode(msgspec.json.encode(message))


@pytest.mark.parametrize(
    ("told", "field", "value"),
    [
        ({"image": None}, "image", ""),
        ({"cpu_percent": "12.5"}, "cpu_percent", 12.5),
        ({"cpu_percent": "a lot"}, "cpu_percent", None),
        ({"memory_used": 8.5e9}, "memory_used", 8.5e9),
        ({"restarts": 10**30}, "restarts", 0),
        ({"state": 7}, "state", ""),
        ({"created_at": 1_700_000_000}, "created_at", None),
        ({"ports": None}, "ports", ()),
        ({"ports": "80/tcp"}, "ports", ()),
        ({"ports": ["80/tcp", 5, {}]}, "ports", ("80/tcp",)),
        ({"ports": [{"PrivatePort": 80, "Type": "tcp"}]}, "ports", ("80/tcp",)),
        (
            {"ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}]},  # noqa: S104
            "ports",
            ("0.0.0.0:8080->80/tcp",),
        ),
        (
            {"ports": [{"IP": "::", "PrivatePort": 53, "PublicPort": 53, "Type": "udp"}]},
            "ports",
            ("[::]:53->53/udp",),
        ),
    ],
)
def test_a_field_of_another_kind_is_understood_or_as_if_absent(
    told: dict[str, Any], field: str, value: object
) -> None:
    container = understood({"name": "web", **told})
    assert container is not None
    assert (container.name, getattr(container, field)) == ("web", value)


@pytest.mark.parametrize("told", [None, "web", 7, ["web"]])
def test_what_is_no_object_is_no_container(told: object) -> None:
    assert understood(told) is None


def test_a_sample_with_such_containers_is_a_sample() -> None:
    told = [{"name": "web", "image": None, "health": 3, "extra": {}}, "nonsense"]
    message = decoded({"type": "metrics", "seq": 4, **SAMPLE, "containers": told})
    assert isinstance(message, Metrics)
    assert (message.seq, message.containers) == (4, (Container(name="web"),))


def test_so_are_one_in_a_batch_and_a_live_one() -> None:
    sample = {**SAMPLE, "containers": [{"name": "web", "state": None}]}
    batch = decoded({"type": "metrics_batch", "samples": [{"seq": 1, **SAMPLE}, {"seq": 2, **sample}]})
    assert isinstance(batch, MetricsBatch)
    assert [each.containers for each in batch.samples] == [None, (Container(name="web"),)]
    assert isinstance(decoded({"type": "live", **sample}), Live)


def test_a_list_that_is_none_is_as_if_absent() -> None:
    message = decoded({"type": "live", **SAMPLE, "containers": {"web": {}}})
    assert isinstance(message, Live)
    assert message.containers is None


def test_an_event_of_such_a_container_is_an_event() -> None:
    message = decoded(
        {"type": "container_event", "action": "die", "container": {"id": "a", "exit_code": "1"}}
    )
    assert message == ContainerEvent(action="die", container=Container(id="a", exit_code=1))


@pytest.mark.parametrize(
    "wrong", [{"seq": 0}, {"seq": 1, "cpu": None}, {"seq": 1, "disks": [{}]}, {"seq": 1, "timestamp": 5}]
)
def test_everything_else_is_as_malformed_as_before(wrong: dict[str, Any]) -> None:
    with pytest.raises(MalformedFrameError):
        decoded({"type": "metrics", **SAMPLE, "containers": [{"name": None}], **wrong})


def test_an_unknown_message_is_still_unknown() -> None:
    assert decoded({"type": "weather", "containers": 1}) == UnknownMessage("weather")


def test_a_frame_nested_without_end_is_malformed() -> None:
    deep = b'{"type":"metrics","containers":[' + b"[" * 5000 + b"]" * 5000 + b"]}"
    with pytest.raises(MalformedFrameError):
        from_agent().decode(deep)
