"""What every bus does, within the process as over NATS."""

import asyncio
import logging

import pytest

from chatops_server.bus.base import (
    MAX_PAYLOAD_BYTES,
    AnswerFailedError,
    Bus,
    BusAwayError,
    Handler,
    NoRespondersError,
)
from tests.deadlines import DEADLINE_S, eventually

Two = tuple[Bus, Bus]


async def _echo(payload: bytes) -> bytes:
    return b"heard " + payload


def _into(heard: list[bytes]) -> Handler:
    async def take(payload: bytes) -> None:
        heard.append(payload)

    return take


async def _ask(bus: Bus, subject: str, payload: bytes = b"") -> bytes:
    async with asyncio.timeout(DEADLINE_S):
        return await bus.request(subject, payload)


async def _is_heard(asker: Bus, subject: str) -> None:
    """Wait until a subscription has come to where it counts."""

    async def answers() -> bool:
        try:
            await _ask(asker, subject)
        except NoRespondersError:
            return False
        return True

    await eventually(answers, what=f"somebody hears {subject}")


async def test_a_hint_reaches_every_other_member_in_order(two: Two) -> None:
    one, other = two
    heard: list[bytes] = []
    other.subscribe("live.one", _into(heard))
    await _is_heard(one, "live.one")
    heard.clear()
    sent = [str(number).encode() for number in range(200)]
    assert [one.publish("live.one", payload) for payload in sent] == [True] * 200
    await eventually(lambda: len(heard) >= 200, what="all are heard")
    assert heard == sent


async def test_a_member_does_not_hear_itself(two: Two) -> None:
    one, other = two
    own: list[bytes] = []
    others: list[bytes] = []
    one.subscribe("live.one", _into(own))
    other.subscribe("live.one", _into(others))
    await _is_heard(one, "live.one")
    others.clear()
    one.publish("live.one", b"told")
    await eventually(lambda: others == [b"told"], what="the other one hears it")
    assert own == []


async def test_a_star_stands_for_one_word(two: Two) -> None:
    one, other = two
    heard: list[bytes] = []
    other.subscribe("live.*", _into(heard))
    await _is_heard(one, "live.a")
    heard.clear()
    for subject in ("live", "live.a", "live.a.b", "dead.a", "live.b"):
        one.publish(subject, subject.encode())
    await eventually(lambda: len(heard) >= 2, what="both are heard")
    assert heard == [b"live.a", b"live.b"]


async def test_a_question_is_answered(two: Two) -> None:
    one, other = two
    other.subscribe("hub.b.agent", _echo)
    await _is_heard(one, "hub.b.agent")
    assert await _ask(one, "hub.b.agent", b"you") == b"heard you"


async def test_an_answer_may_be_empty(two: Two) -> None:
    one, other = two
    other.subscribe("hub.b.agent", _into([]))
    await _is_heard(one, "hub.b.agent")
    assert await _ask(one, "hub.b.agent", b"x") == b""


async def test_nobody_there_is_known_at_once(two: Two) -> None:
    one, _ = two
    one.subscribe("hub.b.agent", _echo)
    with pytest.raises(NoRespondersError):
        await _ask(one, "hub.b.agent")


async def test_a_subscription_ends(two: Two) -> None:
    one, other = two
    end = other.subscribe("hub.b.agent", _echo)
    await _is_heard(one, "hub.b.agent")
    end()
    end()

    async def nobody() -> bool:
        try:
            await asyncio.wait_for(_ask(one, "hub.b.agent"), 0.5)
        except (NoRespondersError, TimeoutError) as exc:
            return isinstance(exc, NoRespondersError)
        return False

    await eventually(nobody, what="nobody hears it any more")


async def test_a_handler_that_fails_says_so_and_goes_on(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    one, other = two

    async def moody(payload: bytes) -> bytes:
        if payload == b"bad":
            raise ValueError(payload)
        return b"well"

    other.subscribe("hub.b.agent", moody)
    await _is_heard(one, "hub.b.agent")
    with caplog.at_level(logging.CRITICAL, "chatops_server.bus.inbox"), pytest.raises(AnswerFailedError):
        await _ask(one, "hub.b.agent", b"bad")
    assert await _ask(one, "hub.b.agent", b"good") == b"well"


async def test_large_messages_arrive_whole_and_too_large_ones_are_refused(two: Two) -> None:
    one, other = two
    heard: list[bytes] = []
    other.subscribe("live.one", _into(heard))
    await _is_heard(one, "live.one")
    heard.clear()
    large = b'{"cpu":12.5},' * (MAX_PAYLOAD_BYTES // 13)
    assert one.publish("live.one", large)
    assert not one.publish("live.one", b"x" * (MAX_PAYLOAD_BYTES + 1))
    await eventually(lambda: heard, what="it is heard")
    assert heard == [large]


async def test_a_closed_bus_takes_nothing(two: Two) -> None:
    one, _ = two
    await one.close()
    await one.close()
    assert not one.is_connected
    assert one.trouble
    assert not one.publish("live.one", b"x")
    with pytest.raises(BusAwayError):
        await _ask(one, "live.one")


async def test_what_was_taken_goes_out_before_the_end(two: Two) -> None:
    one, other = two
    heard: list[bytes] = []
    other.subscribe("live.one", _into(heard))
    await _is_heard(one, "live.one")
    heard.clear()
    for number in range(100):
        one.publish("live.one", b"%d" % number)
    await one.close()
    await eventually(lambda: len(heard) >= 100, what="all are heard")
