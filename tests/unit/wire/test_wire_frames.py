"""Every message survives the wire, and nothing but a MalformedFrameError comes out of a bad one."""

from types import UnionType
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, json

from chatops_wire import agent, client, codec, rest, rest_alerts, rest_docker
from chatops_wire.codec import FrameDecoder, MalformedFrameError, UnknownMessage, encode
from chatops_wire.commands import Command
from chatops_wire.containers import DockerCommand
from tests.strategies import instances

DIRECTIONS: list[tuple[UnionType, FrameDecoder[Any]]] = [
    (agent.FromAgent, codec.from_agent()),
    (agent.ToAgent, codec.to_agent()),
    (client.FromClient, codec.from_client()),
    (client.ToClient, codec.to_client()),
]
MEMBERS = [(member, decoder) for union, decoder in DIRECTIONS for member in get_args(union)]
DECODERS = [decoder for _, decoder in DIRECTIONS]
BODIES = [
    body
    for module in (rest, rest_alerts, rest_docker)
    for body in vars(module).values()
    if isinstance(body, type) and issubclass(body, Struct) and body.__module__ == module.__name__
]
# Of real fields, so that a known type is reached with wrong values.
NAMES = ("api_key", "seq", "samples", "cpu", "memory", "topic", "id", "servers", "code")
SAMPLE = (
    '"timestamp":"2026-01-31T12:00:00.000Z","cpu":{"percent":1},"memory":{"total":1,"used":1,"percent":1}'
)


@pytest.mark.parametrize(("member", "decoder"), MEMBERS, ids=lambda it: getattr(it, "__name__", ""))
@settings(max_examples=25)  # times some fifty types
@given(data=st.data())
def test_every_message_comes_back_as_it_was_sent(
    member: type[Struct], decoder: FrameDecoder[Any], data: st.DataObject
) -> None:
    message = data.draw(instances(member))
    assert message == decoder.decode(encode(message))


@pytest.mark.parametrize("body", [body for body in BODIES if body is not rest.Page])
@settings(max_examples=25)  # times some fifty types
@given(data=st.data())
def test_every_body_of_rest_comes_back_as_it_was_sent(body: type[Struct], data: st.DataObject) -> None:
    value = data.draw(instances(body))
    assert value == json.decode(encode(value), type=body)


def test_a_page_knows_what_it_is_a_page_of() -> None:
    page = rest.Page(items=(rest.UserView(id="1", username="ann", role="viewer"),), next="c")
    assert page == json.decode(encode(page), type=rest.Page[rest.UserView])


@pytest.mark.parametrize(("union", "decoder"), DIRECTIONS, ids=["agent", "to-agent", "client", "to-client"])
def test_every_message_is_told_by_its_type(union: UnionType, decoder: FrameDecoder[Any]) -> None:
    tags = [member.__struct_config__.tag for member in get_args(union)]
    assert all(member.__struct_config__.tag_field == "type" for member in get_args(union))
    assert len(tags) == len(set(tags))
    assert isinstance(decoder.decode('{"type":"no such"}'), UnknownMessage)


@given(frame=st.text() | st.binary())
def test_noise_is_malformed(frame: str | bytes) -> None:
    for decoder in DECODERS:
        with pytest.raises(MalformedFrameError):
            decoder.decode(frame)


@given(
    tag=st.sampled_from(
        ["auth", "metrics", "metrics_batch", "gap", "ack", "subscribe", "fleet", "error", "x"]
    ),
    fields=st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, instances(Any))),
)
def test_an_object_is_a_message_or_unknown_or_malformed(tag: str, fields: dict[str, Any]) -> None:
    for decoder in DECODERS:
        try:
            message = decoder.decode(json.encode(fields | {"type": tag}))
        except MalformedFrameError:
            continue
        assert isinstance(message, Struct | UnknownMessage)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    "frame",
    [
        "",
        "null",
        "[]",
        '"auth"',
        "{}",
        '{"type":1}',
        '{"type":null}',
        '{"type":"auth"',
        b"\xff\xfe",
        "[" * 100_000,
        '{"type":"auth","x":' + "[" * 100_000,
        '{"x":' + "[" * 100_000 + "]" * 100_000 + ',"type":"auth"}',
    ],
    ids=lambda frame: repr(frame[:24]),
)
def test_what_is_no_message_is_malformed(decoder: FrameDecoder[Any], frame: str | bytes) -> None:
    with pytest.raises(MalformedFrameError):
        decoder.decode(frame)


def test_a_known_type_with_bad_fields_is_malformed_and_says_where() -> None:
    with pytest.raises(MalformedFrameError, match=r"\$\.cpu\.percent"):
        codec.from_agent().decode(
            '{"type":"metrics","seq":1,'
            + SAMPLE.replace('"cpu":{"percent":1}', '"cpu":{"percent":"x"}')
            + "}"
        )


def test_a_nested_unknown_type_does_not_hide_a_malformed_message() -> None:
    """Only the message's own type decides whether it is unknown."""
    with pytest.raises(MalformedFrameError):
        codec.from_agent().decode('{"type":"gap","reason":{"type":"other"}}')


def test_an_unknown_type_is_named() -> None:
    assert UnknownMessage("hologram") == codec.from_agent().decode('{"type":"hologram","seq":"x"}')


def test_unknown_fields_are_ignored() -> None:
    assert agent.Ack(seq=4) == codec.to_agent().decode('{"type":"ack","seq":4,"since":"v9"}')


@pytest.mark.parametrize("seq", ["0", "-1", str(2**63), "1.5", '"1"', "null", "true"])
def test_a_sequence_is_a_positive_64_bit_integer(seq: str) -> None:
    with pytest.raises(MalformedFrameError):
        codec.from_agent().decode(f'{{"type":"metrics","seq":{seq},{SAMPLE}}}')


@pytest.mark.parametrize(("count", "fits"), [(0, False), (1, True), (120, True), (121, False)])
def test_a_batch_has_1_to_120_samples(count: int, *, fits: bool) -> None:
    samples = ",".join(f'{{"seq":{seq},{SAMPLE}}}' for seq in range(1, count + 1))
    frame = f'{{"type":"metrics_batch","samples":[{samples}]}}'
    if fits:
        assert count == len(codec.from_agent().decode(frame).samples)  # type: ignore[union-attr]
    else:
        with pytest.raises(MalformedFrameError):
            codec.from_agent().decode(frame)


def test_a_whole_number_may_be_written_as_a_float() -> None:
    """Agents in other languages write 8e9 for bytes."""
    frame = '{"type":"metrics","seq":1,' + SAMPLE.replace('"total":1', '"total":8e9') + "}"
    message = codec.from_agent().decode(frame)
    assert isinstance(message, agent.Metrics)
    assert message.memory.total == 8_000_000_000


def test_only_the_key_is_required_to_log_in() -> None:
    assert agent.Auth(api_key="k") == codec.from_agent().decode('{"type":"auth","api_key":"k"}')


@pytest.mark.parametrize("given_id", ["7", '"seven"'])
def test_an_answer_can_repeat_the_id_of_either_kind(given_id: str) -> None:
    request = codec.from_client().decode(f'{{"type":"ping","id":{given_id}}}')
    assert isinstance(request, client.Ping)
    assert encode(client.Pong(id=request.id)) == f'{{"type":"pong","id":{given_id}}}'.encode()


def test_an_answer_to_a_request_without_an_id_has_none() -> None:
    assert encode(client.Pong()) == b'{"type":"pong"}'


@pytest.mark.parametrize("digits", [20, 400, 4_000])
@pytest.mark.parametrize(
    "part",
    [
        '"disks":[{{"mount":"/","total":1,"used":{0},"percent":1}}]',
        '"networks":[{{"interface":"eth0","errors":{0}}}]',
        '"processes":[{{"pid":{0},"name":"x"}}]',
        '"processes":[{{"pid":1,"name":"x","memory_used":-{0}}}]',
        '"process_count":{0}',
    ],
)
def test_a_whole_number_beyond_64_bits_is_brought_within_them(part: str, digits: int) -> None:
    frame = f'{{"type":"metrics","seq":1,{SAMPLE},{part.format("9" * digits)}}}'
    cut: list[int] = []
    decoded = codec.from_agent(cut.append).decode(frame)
    assert isinstance(decoded, agent.Metrics)
    assert decoded == codec.from_agent().decode(encode(decoded))
    assert cut == [1]


def test_a_number_of_more_digits_than_can_be_read_is_malformed() -> None:
    with pytest.raises(MalformedFrameError):
        codec.from_agent().decode(f'{{"type":"metrics","seq":1,{SAMPLE},"process_count":{"9" * 5000}}}')


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (Command(command_id="c", command="uptime"), {"type", "command_id", "command", "timeout_s"}),
        (
            DockerCommand(command_id="c", action="list"),
            {"type", "command_id", "action", "container_id", "params", "signature"},
        ),
    ],
)
def test_a_request_has_every_field_agents_of_others_look_for(message: Struct, fields: set[str]) -> None:
    assert set(json.decode(encode(message))) == fields
