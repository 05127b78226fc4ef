"""A slow client gets the newest state, is told what it missed, and never makes anybody wait."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.broker.client_outbox import (
    MAX_EVENTS,
    MAX_REPLIES,
    MAX_SAMPLES_OF_A_SERVER,
    ClientOutbox,
    FleetNews,
)
from chatops_server.broker.closing import TOKEN_EXPIRED, TOO_SLOW
from chatops_server.broker.fleet import FleetChanges, Gone


def _outbox(rendered: list[FleetChanges] | None = None) -> ClientOutbox:
    def render(changes: FleetChanges) -> bytes:
        if rendered is not None:
            rendered.append(changes)
        return b"merged"

    return ClientOutbox(lambda: b"whole fleet", render)


def _all(outbox: ClientOutbox) -> list[bytes]:
    frames: list[bytes] = []
    while (frame := outbox.take()) is not None:
        frames.append(frame)
    return frames


def test_answers_go_first_then_events_then_the_fleet_then_samples() -> None:
    outbox = _outbox()
    outbox.sample("srv_1", b"sample")
    outbox.fleet_news(FleetNews(FleetChanges(), b"fleet"))
    outbox.event(b"event")
    outbox.reply(b"reply")
    assert _all(outbox) == [b"reply", b"event", b"fleet", b"sample"]


def test_of_each_server_only_the_newest_sample_waits_for_a_slow_client() -> None:
    outbox = _outbox()
    outbox.sample("srv_1", b"a0")
    outbox.is_stalled = True
    for number in range(1, 4):
        outbox.sample("srv_1", b"a%d" % number)
    outbox.sample("srv_2", b"b0")
    lagged, *samples = _all(outbox)
    assert msgspec.json.decode(lagged) == {"type": "lagged", "dropped": 3}
    assert samples == [b"a3", b"b0"]
    assert outbox.total_dropped == 3


def test_a_client_that_keeps_up_gets_samples_that_came_in_one_moment() -> None:
    outbox = _outbox()
    for number in range(3):
        outbox.sample("srv_1", b"a%d" % number)
    assert _all(outbox) == [b"a0", b"a1", b"a2"]
    assert outbox.total_dropped == 0


def test_samples_of_one_server_are_bounded_even_when_nobody_is_slow() -> None:
    outbox = _outbox()
    for number in range(MAX_SAMPLES_OF_A_SERVER + 1):
        outbox.sample("srv_1", b"a%d" % number)
    lagged, newest = _all(outbox)
    assert msgspec.json.decode(lagged)["dropped"] == MAX_SAMPLES_OF_A_SERVER
    assert newest == b"a%d" % MAX_SAMPLES_OF_A_SERVER


def test_one_servers_many_samples_do_not_push_another_server_back() -> None:
    outbox = _outbox()
    outbox.is_stalled = True
    outbox.sample("srv_1", b"a0")
    outbox.sample("srv_2", b"b0")
    outbox.sample("srv_1", b"a1")
    assert _all(outbox)[1:] == [b"a1", b"b0"]


def test_fleet_news_that_was_not_sent_merges_into_one_frame() -> None:
    rendered: list[FleetChanges] = []
    outbox = _outbox(rendered)
    gone = Gone("srv_3", "usr_owner", {})
    outbox.fleet_news(FleetNews(FleetChanges(frozenset({"srv_1"}), (gone,)), b"first"))
    outbox.fleet_news(FleetNews(FleetChanges(frozenset({"srv_2"}), (gone,)), b"second"))
    assert _all(outbox) == [b"merged"]
    assert rendered == [FleetChanges(frozenset({"srv_1", "srv_2"}), (gone,))]


def test_a_snapshot_is_made_once_when_its_turn_comes_and_holds_the_news() -> None:
    outbox = _outbox()
    outbox.fleet_news(FleetNews(FleetChanges(), b"old news"))
    outbox.fleet_snapshot()
    outbox.fleet_snapshot()
    outbox.fleet_news(FleetNews(FleetChanges(), b"newer news, in the snapshot too"))
    outbox.reply(b"reply")
    assert _all(outbox) == [b"reply", b"whole fleet"]


def test_the_oldest_events_make_way_and_are_counted() -> None:
    outbox = _outbox()
    for number in range(MAX_EVENTS + 2):
        outbox.event(b"%d" % number)
    frames = _all(outbox)
    assert frames[0] == b"2"
    assert msgspec.json.decode(frames[-1]) == {"type": "lagged", "dropped": 2}


def test_a_client_that_reads_no_answers_is_closed() -> None:
    outbox = _outbox()
    for _ in range(MAX_REPLIES):
        outbox.reply(b"result")
    assert outbox.closing is None
    outbox.reply(b"one too many")
    assert outbox.closing == TOO_SLOW


def test_the_first_reason_to_close_stays() -> None:
    outbox = _outbox()
    outbox.close(TOKEN_EXPIRED)
    outbox.close(TOO_SLOW)
    assert outbox.closing == TOKEN_EXPIRED


def test_what_was_unsubscribed_is_not_sent_any_more() -> None:
    outbox = _outbox()
    outbox.sample("srv_1", b"sample")
    outbox.fleet_news(FleetNews(FleetChanges(), b"news"))
    outbox.fleet_snapshot()
    outbox.forget_samples("srv_1")
    outbox.forget_fleet()
    assert _all(outbox) == []


@pytest.mark.parametrize("put", ["reply", "event"])
async def test_waiting_ends_with_the_next_frame(put: str) -> None:
    outbox = _outbox()
    assert outbox.take() is None
    waiting = asyncio.create_task(outbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    getattr(outbox, put)(b"frame")
    await waiting
    assert outbox.take() == b"frame"


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.sampled_from(["a", "b", "c"])),
            st.tuples(st.just("stall"), st.booleans()),
            st.tuples(st.just("take"), st.just("")),
        )
    )
)
def test_whatever_happens_each_server_ends_with_its_newest_and_every_sample_is_sent_or_counted(
    steps: list[tuple[str, str | bool]],
) -> None:
    outbox = _outbox()
    put: list[bytes] = []
    sent: list[bytes] = []
    for step, argument in steps:
        if step == "put":
            put.append(b"%b%d" % (str(argument).encode(), len(put)))
            outbox.sample(str(argument), put[-1])
        elif step == "stall":
            outbox.is_stalled = bool(argument)
        elif (frame := outbox.take()) is not None:
            sent.append(frame)
    sent += _all(outbox)
    samples = [frame for frame in sent if not frame.startswith(b"{")]
    lagged = [msgspec.json.decode(frame)["dropped"] for frame in sent if frame.startswith(b"{")]
    assert len(samples) + sum(lagged) == len(put)
    for server in (b"a", b"b", b"c"):
        put_for = [frame for frame in put if frame.startswith(server)]
        sent_for = [frame for frame in samples if frame.startswith(server)]
        assert sent_for[-1:] == put_for[-1:]
        assert sent_for == [frame for frame in put_for if frame in set(sent_for)]
