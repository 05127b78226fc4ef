"""The latest sample and charts, asked for over HTTP."""

import pytest

from chatops_server.domain.latest_order import Mark
from chatops_server.storage.base import GapRow, SampleRow
from chatops_wire.samples import Cpu, Disk, Memory, Sample
from chatops_wire.times import format_ms
from tests.integration.hub_rest.conftest import Answer, Asker

# An hour's beginning, so that buckets are easy to tell.
START = 1_767_225_600_000


def _sample(seq: int, ts_ms: int, percent: float) -> Sample:
    return Sample(
        seq=seq,
        timestamp=format_ms(ts_ms),
        cpu=Cpu(percent=percent),
        memory=Memory(total=100, used=50, percent=50.0),
        disks=(Disk(mount="/", total=10, used=4, percent=40.0),),
    )


async def _stored(asker: Asker, count: int) -> str:
    server = await asker.server("web-1")
    state = asker.running.live.fleet.get(server)
    assert state is not None
    samples = [_sample(seq, START + seq * 5000, float(seq)) for seq in range(1, count + 1)]
    await asker.running.storage.samples.append(
        [
            SampleRow(
                state.num, "epoch", sample.seq, START + sample.seq * 5000, START + sample.seq * 5000, sample
            )
            for sample in samples
        ]
    )
    asker.running.live.fleet.observed(state, samples[-1], Mark("epoch", count, is_live=False), START)
    return server


async def _chart(asker: Asker, server: str, query: str) -> Answer:
    return await asker.get(f"/metrics/{server}/history?{query}")


async def test_the_latest_sample_is_whole(asker: Asker) -> None:
    server = await _stored(asker, 3)
    latest = (await asker.get(f"/metrics/{server}")).body
    assert (latest["server_id"], latest["seq"], latest["cpu"]["percent"]) == (server, 3, 3.0)
    assert latest["disks"][0]["mount"] == "/"
    assert (await asker.get(f"/servers/{server}")).body["latest"]["cpu"]["percent"] == 3.0


async def test_before_the_first_sample_there_are_no_metrics(asker: Asker) -> None:
    server = await asker.server("web-1")
    answer = await asker.get(f"/metrics/{server}")
    assert (answer.status, answer.code) == (404, "no_metrics")
    chart = await _chart(asker, server, "metric=cpu.percent")
    assert chart.status == 200
    assert chart.body["series"] == [{"metric": "cpu.percent", "unit": "percent", "points": []}]


async def test_samples_that_fit_stand_one_by_one(asker: Asker) -> None:
    server = await _stored(asker, 3)
    chart = await _chart(
        asker, server, f"metric=cpu.percent&metric=disk.percent:/&start={START}&end={START + 60_000}"
    )
    assert chart.body["server_id"] == server
    assert (chart.body["start"], chart.body["end"]) == (format_ms(START), format_ms(START + 60_000))
    cpu, disk = chart.body["series"]
    assert cpu["points"] == [[START + seq * 5000, seq, seq, seq] for seq in (1, 2, 3)]
    assert (disk["metric"], disk["unit"]) == ("disk.percent:/", "percent")
    assert [point[1] for point in disk["points"]] == [40.0] * 3


async def test_more_samples_than_points_are_put_together(asker: Asker) -> None:
    server = await _stored(asker, 100)
    chart = await _chart(asker, server, f"metric=cpu.percent&points=10&start={START}&end={START + 600_000}")
    points = chart.body["series"][0]["points"]
    assert 1 < len(points) <= 10
    assert all(low <= avg <= high for _, avg, low, high in points)
    assert chart.body["step_s"] > 5


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00.000Z"),
        ("2026-01-01T01:00:00%2B01:00", "2026-01-01T00:01:00Z"),
        ("2026-01-01T01:00:00+01:00", "1767225660000"),
    ],
)
async def test_times_may_be_written_in_several_ways(asker: Asker, start: str, end: str) -> None:
    server = await _stored(asker, 3)
    chart = await _chart(asker, server, f"metric=cpu.percent&start={start}&end={end}")
    assert len(chart.body["series"][0]["points"]) == 3


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", "metric: "),
        ("metric=", "metric: "),
        ("metric=cpu.heat", "metric: unknown metric 'cpu.heat'"),
        ("metric=cpu.percent:0", "metric: "),
        ("&".join(["metric=cpu.percent"] * 21), "metric: "),
        ("metric=cpu.percent&points=0", "points: "),
        ("metric=cpu.percent&points=2001", "points: "),
        ("metric=cpu.percent&points=1.5", "points: "),
        ("metric=cpu.percent&start=yesterday", "start: "),
        ("metric=cpu.percent&start=2026-01-01T00:00:00", "start: "),
        ("metric=cpu.percent&end=999999999999999999", "end: "),
        (f"metric=cpu.percent&start={START}&end={START}", "start: "),
    ],
)
async def test_charts_that_cannot_be_drawn(asker: Asker, query: str, named: str) -> None:
    server = await asker.server("web-1")
    answer = await _chart(asker, server, query)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.body["detail"].startswith(named)


async def test_coverage_tells_what_is_stored_and_what_was_lost(asker: Asker) -> None:
    server = await _stored(asker, 3)
    state = asker.running.live.fleet.get(server)
    assert state is not None
    gap = GapRow(state.num, "epoch", 4, 4, "spool_full", START + 60_000)
    await asker.running.storage.samples.append([gap])
    range_ = f"start={START}&end={START + 3_600_000}"
    covered = (await asker.get(f"/metrics/{server}/coverage?{range_}")).body
    assert (covered["percent"], covered["samples"], covered["lost"]) == (75.0, 3, 1)
    assert covered["gaps"] == [
        {"from_seq": 4, "to_seq": 4, "reason": "spool_full", "ts": format_ms(START + 60_000)}
    ]
    nothing = (await asker.get(f"/metrics/{server}/coverage?start={START - 2}&end={START - 1}")).body
    assert (nothing["percent"], nothing["samples"], nothing["gaps"]) == (None, 0, [])
    refused = await asker.get(f"/metrics/{server}/coverage?start=2&end=1")
    assert (refused.status, refused.code) == (400, "invalid_request")
