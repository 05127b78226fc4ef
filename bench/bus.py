"""What the bus between hubs costs: a question over NATS, and the live view for each sample told and heard.

Needs a NATS on this machine, at CHATOPS_BENCH_NATS or nats://127.0.0.1:4222. Both hubs' ends are in this
process; a question goes over the server, and so does its answer.
"""

import asyncio
import contextlib
import os
import random
import secrets
import time
from collections.abc import Iterator
from typing import Final

from bench.figures import Figure, progress, publish
from bench.samples import metrics
from chatops_server.bus.address import parsed
from chatops_server.bus.base import NoRespondersError
from chatops_server.bus.envelope import Envelope
from chatops_server.bus.in_process import Exchange, InProcessBus
from chatops_server.bus.nats import NatsBus
from chatops_server.domain.latest_order import Mark
from chatops_server.services.hubs.hearing import Hearing
from chatops_server.services.hubs.live_news import batch_in, understood
from chatops_server.services.hubs.node import Node
from chatops_server.services.hubs.telling import Telling
from chatops_server.services.live import Live, put_together
from chatops_server.storage.sql.servers import ServerRow
from chatops_wire.agent import Metrics

QUESTIONS: Final = 3_000
SERVERS: Final = 1_000
ROUNDS: Final = 5
_QUESTION: Final = b"x" * 300
# An added hop may take so long (issue 9).
_HOP_BAR_MS: Final = 3.0
_WITHIN_S: Final = 10.0


def main() -> None:
    """Measure and publish."""
    publish(asyncio.run(_figures()))


async def _figures() -> list[Figure]:
    return [*await _questions(), *await _live_view()]


async def _questions() -> list[Figure]:
    url = os.environ.get("CHATOPS_BENCH_NATS") or "nats://127.0.0.1:4222"
    address, envelope = parsed(f"{url}/bench_{secrets.token_hex(8)}"), Envelope(secrets.token_hex())
    one, other = NatsBus(address, envelope, "bench"), NatsBus(address, envelope, "bench")
    for bus in (one, other):
        bus.start()
    try:
        other.subscribe("hub.there", _echo)
        progress("waiting for NATS")
        async with asyncio.timeout(_WITHIN_S):
            while not await _is_answered(one):  # noqa: ASYNC110 - nothing tells that a server knows a subscription
                await asyncio.sleep(0.05)
        progress(f"{QUESTIONS} questions")
        answered = sorted([await _asked_ms(one, "hub.there") for _ in range(QUESTIONS)])
        nobody = sorted([await _asked_ms(one, "hub.nowhere") for _ in range(QUESTIONS)])
    finally:
        await one.close()
        await other.close()
    return [
        Figure(name="a question and its answer, median", value=answered[QUESTIONS // 2], unit="ms"),
        Figure(name="the same, 95 %", value=answered[QUESTIONS * 95 // 100], unit="ms", bar=_HOP_BAR_MS),
        Figure(name="nobody listens, 95 %", value=nobody[QUESTIONS * 95 // 100], unit="ms"),
    ]


async def _echo(payload: bytes) -> bytes:
    return payload


async def _is_answered(bus: NatsBus) -> bool:
    if not bus.is_connected:
        return False
    try:
        await bus.request("hub.there", b"")
    except NoRespondersError:
        return False
    return True


async def _asked_ms(bus: NatsBus, subject: str) -> float:
    began = time.perf_counter()
    with contextlib.suppress(NoRespondersError):
        await bus.request(subject, _QUESTION)
    return (time.perf_counter() - began) * 1e3


async def _live_view() -> list[Figure]:
    progress("the live view")
    exchange = Exchange()
    here, there = InProcessBus(exchange), InProcessBus(exchange)
    batches: asyncio.Queue[bytes] = asyncio.Queue(maxsize=4_096)

    async def take(payload: bytes) -> None:
        await batches.put(payload)

    there.subscribe("live.*", take)
    telling = Telling(Node(here, has_others=True))
    telling.listened(has_listeners=True)
    chance, now_ms = random.Random(1), time.time_ns() // 1_000_000  # noqa: S311 - values of a benchmark
    samples = [metrics(chance, now_ms) for _ in range(SERVERS)]
    alone_us = _shown_us(_fleet(None), samples, None)
    told_us = _shown_us(_fleet(telling), samples, telling)
    sent: list[bytes] = []
    while sum(len(batch_in(each).news) for each in sent) < SERVERS * ROUNDS:
        sent.append(await batches.get())
    await here.close()
    await there.close()
    return [*_travelled(sent, told_us - alone_us)]


def _travelled(sent: list[bytes], told_us: float) -> Iterator[Figure]:
    envelope, count = Envelope(secrets.token_hex()), SERVERS * ROUNDS
    began = time.process_time()
    sealed = [envelope.seal("live.a", payload) for payload in sent]
    sealed_us = (time.process_time() - began) * 1e6 / count
    hearing = Hearing(_fleet(None), Telling(Node(InProcessBus())))
    began = time.process_time()
    for each in sealed:
        for news in understood(batch_in(envelope.open("live.a", each)).news):
            hearing.take("a", news)
    heard_us = (time.process_time() - began) * 1e6 / count
    yield Figure(name="a sample told to the others, CPU", value=told_us + sealed_us, unit="us")
    yield Figure(name="a sample of another hub taken over, CPU", value=heard_us, unit="us")
    yield Figure(name="a sample packed and sealed", value=sum(map(len, sealed)) / count, unit="B")


def _fleet(telling: Telling | None) -> Live:
    live = put_together(lambda _num: (), time.monotonic, telling)
    for number in range(SERVERS):
        live.fleet.added(ServerRow(number, f"srv_{number}", f"web-{number}", (), "usr_1", 1))
    return live


def _shown_us(live: Live, samples: list[Metrics], telling: Telling | None) -> float:
    began = time.process_time()
    for seq in range(1, ROUNDS + 1):
        for state, sample in zip(live.fleet, samples, strict=True):
            live.fleet.observed(state, sample, Mark("e", seq), 1)
            live.topics.publish_sample(state.id, sample)
        if telling is not None:
            telling.flush((), is_beat=False)
    return (time.process_time() - began) * 1e6 / SERVERS / ROUNDS


if __name__ == "__main__":
    main()
