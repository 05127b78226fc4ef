"""What an agent says is kept within bounds, and what was cut is counted."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect, json

from chatops_server.broker.sample_frames import from_stored
from chatops_wire.agent import Auth, FromAgent, Metrics
from chatops_wire.codec import MalformedFrameError, from_agent
from chatops_wire.commands import CommandResponse
from chatops_wire.containers import ContainerEvent, DockerResponse
from chatops_wire.quantities import MOST_FACT, MOST_NAME, MOST_TEXT
from chatops_wire.samples import MOST_CONTAINERS, MOST_CORES, MOST_PARTS, MOST_PROCESSES, SampleParts
from tests.live_peers import metrics

DISK = {"mount": "/", "total": 1, "used": 1, "percent": 1}
PROCESS = {"pid": 1, "name": "x"}
LONG = "x" * 5000
FAILED = {"command_id": "c", "status": "failed", "success": False}
# What JSON can say of a number, whatever the field is for.
NUMBERS = (-1, -1e308, 1e308, 10**40, -(10**40), -0.5)


def heard(message: dict[str, Any]) -> tuple[Any, int]:
    counts: list[int] = []
    return from_agent(counts.append).decode(json.encode(message)), sum(counts)


@pytest.mark.parametrize(
    ("parts", "cut"),
    [
        ({}, 0),
        ({"disks": [DISK]}, 0),
        ({"disks": [DISK] * (MOST_PARTS + 3)}, 3),
        ({"networks": [{"interface": "e"}] * (MOST_PARTS + 1)}, 1),
        ({"temperatures": [{"sensor": "e", "celsius": 1}] * (MOST_PARTS + 1)}, 1),
        ({"containers": [{"name": "e"}] * (MOST_CONTAINERS + 1)}, 1),
        ({"processes": [PROCESS] * (MOST_PROCESSES + 1)}, 1),
        ({"disks": [DISK | {"total": -1, "used": -0.5, "read_bps": -1e300}]}, 3),
        ({"disks": [DISK | {"mount": LONG, "device": LONG, "fstype": LONG}, DISK]}, 3),
        ({"memory": {"total": -8, "used": -2, "percent": -1, "cached": 10**40}}, 4),
        ({"networks": [{"interface": LONG, "rx_bps": 1e300, "errors": -1}]}, 3),
        ({"temperatures": [{"sensor": LONG, "celsius": -1e9}]}, 2),
        ({"processes": [PROCESS | {"name": LONG, "user": LONG, "command": LONG, "cpu_percent": -1}]}, 4),
        ({"containers": [{"name": LONG, "image": LONG, "status": LONG, "restarts": -1, "ports": [LONG]}]}, 5),
        ({"containers": [{"memory_limit": 2**64 - 1, "rx_bps": -1, "cpu_percent": 1e300, "pids": -9}]}, 4),
        ({"engine": {"state": "unavailable", "reason": LONG, "version": LONG}}, 2),
        ({"cpu": {"percent": 1, "cores": [-1.0] * (MOST_CORES + 2), "load": [-1, 1e300, 0]}}, MOST_CORES + 4),
        ({"process_count": -1, "uptime_s": 1e300}, 2),
    ],
)
def test_what_is_beyond_is_cut_and_counted(parts: dict[str, Any], cut: int) -> None:
    message, count = heard(metrics(1) | parts)
    assert (type(message), count) == (Metrics, cut)
    assert heard(json.decode(json.encode(message)))[1] == 0


def test_what_is_left_is_the_nearest_within_bounds() -> None:
    disk = DISK | {"mount": "m" * 5000, "used": -5, "total": 10**40, "percent": -3}
    kept = heard(metrics(1) | {"disks": [disk], "processes": [PROCESS | {"command": LONG}]})[0]
    assert (len(kept.disks[0].mount), kept.disks[0].used, kept.disks[0].percent) == (MOST_NAME, 0, 0)
    assert (kept.disks[0].total, len(kept.processes[0].command)) == (2**63 - 1, MOST_TEXT)


def test_samples_of_a_backlog_are_cut_each() -> None:
    samples = [{key: value for key, value in metrics(seq).items() if key != "type"} for seq in (1, 2)]
    message, count = heard(
        {"type": "metrics_batch", "samples": [each | {"uptime_s": -1} for each in samples]}
    )
    assert ([each.uptime_s for each in message.samples], count) == ([0, 0], 2)


@pytest.mark.parametrize(
    ("message", "kind", "cut"),
    [
        ({"type": "auth", "api_key": "k", "agent": {"hostname": LONG, "cpu_count": -1}}, Auth, 2),
        ({"type": "auth", "api_key": "k", "capabilities": ["x"] * 40}, Auth, 8),
        (FAILED | {"type": "command_response", "message": LONG}, CommandResponse, 1),
        (FAILED | {"type": "command_response", "exit_code": 10**40}, CommandResponse, 1),
        (FAILED | {"type": "docker_response", "message": LONG}, DockerResponse, 1),
        ({"type": "container_event", "action": LONG, "container": {"name": LONG}}, ContainerEvent, 2),
    ],
)
def test_so_is_what_is_no_sample(message: dict[str, Any], kind: type, cut: int) -> None:
    kept, count = heard(message)
    assert (type(kept), count) == (kind, cut)


def test_facts_of_a_machine_are_short() -> None:
    assert len(heard({"type": "auth", "api_key": "k", "agent": {"os": LONG}})[0].agent.os) == MOST_FACT


@pytest.mark.parametrize(
    "broken",
    [
        {"seq": 0},
        {"seq": 2**63},
        {"memory": {"total": 1, "used": 1, "percent": True}},
        {"memory": {"total": 1, "used": 1, "percent": None}},
        {"cpu": {"percent": "many"}},
    ],
)
def test_what_is_no_measurement_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(MalformedFrameError):
        heard(metrics(1) | broken | {"uptime_s": -1})


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_is_no_number_is_malformed(value: str) -> None:
    frame = json.encode(metrics(1)).replace(b'"percent":10.0', b'"percent":' + value.encode())
    assert value.encode() in frame
    with pytest.raises(MalformedFrameError):
        from_agent().decode(frame)


def _plain(info: inspect.Type) -> Iterator[inspect.Type]:
    """Yield what a type consists of: the parts of a union, without marks."""
    match info:
        case inspect.Metadata(type=inner):
            yield from _plain(inner)
        case inspect.UnionType(types=types):
            for each in types:
                yield from _plain(each)
        case _:
            yield info


def _unbounded(kind: inspect.Type, where: str = "") -> Iterator[str]:
    """Yield where an agent may send a number, a text or a list without bounds."""
    for info in _plain(kind):
        match info:
            case inspect.StructType(fields=fields, cls=cls):
                for field in fields:
                    yield from _unbounded(field.type, f"{cls.__name__}.{field.name}")
            case inspect.VarTupleType(item_type=item, max_length=most):
                yield from (where,) * (most is None)
                yield from _unbounded(item, where)
            case inspect.TupleType(item_types=(item, *_)):
                yield from _unbounded(item, where)
            case inspect.StrType(max_length=None) | inspect.IntType(le=None) | inspect.FloatType(le=None):
                yield where
            case _:
                pass


def test_every_field_an_agent_sends_has_bounds() -> None:
    """But those that the largest frame bounds, and times, which are read as such."""
    by_frame = {
        *("Auth.api_key", "LogLine.line", "StreamData.lines", "Terminals.request_id"),
        *(f"{name}.timestamp" for name in ("Metrics", "Sample", "Live")),
    }
    found = set(_unbounded(inspect.type_info(FromAgent)))
    assert {place for place in found - by_frame if not place.startswith("MachinePolicy")} == set()


@given(
    where=st.sampled_from(["memory", "disks", "networks", "temperatures", "processes", "containers"]),
    number=st.sampled_from(NUMBERS) | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_no_number_ends_a_connection(where: str, number: float) -> None:
    """Put into every field of a part that holds numbers."""
    part = next(field.type for field in inspect.type_info(SampleParts).fields if field.name == where)  # type: ignore[attr-defined]
    struct = next(each for each in _structs(part))
    fields = {field.name: _filled(field.type, number) for field in struct.fields}
    given_part = {name: value for name, value in fields.items() if value is not None}
    message, _ = heard(metrics(1) | {where: given_part if where == "memory" else [given_part]})
    assert isinstance(message, Metrics)


def _structs(info: inspect.Type) -> Iterator[inspect.StructType]:
    for each in _plain(info):
        if isinstance(each, inspect.StructType):
            yield each
        elif isinstance(each, inspect.VarTupleType):
            yield from _structs(each.item_type)


def _filled(info: inspect.Type, number: float) -> object:
    found: list[object] = []
    for each in _plain(info):
        match each:
            case inspect.FloatType():
                found.append(number)
            case inspect.IntType():
                found.append(int(number))
            case inspect.StrType():
                found.append("x")
            case _:
                pass
    return next(iter(found), None)


def test_what_an_earlier_hub_stored_without_bounds_is_still_read() -> None:
    body = metrics(1) | {"memory": {"total": -1, "used": 1, "percent": 1}}
    assert from_stored(json.encode(body)).memory.total == 0
