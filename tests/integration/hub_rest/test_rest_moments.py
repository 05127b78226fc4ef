"""What a server looked like at some time, asked for over HTTP."""

from datetime import UTC, datetime

from chatops_server.domain.alerts.alert import Alert, as_of
from chatops_server.domain.alerts.machine import State
from chatops_server.storage.base import SampleRow
from chatops_server.storage.sql.alerts import put_alert
from chatops_wire.samples import Cpu, Memory, Process, Sample
from chatops_wire.times import format_ms
from tests.integration.hub_rest.conftest import Asker

# Recent, since what is older than the tiers are kept is found nowhere.
START = int(datetime.now(UTC).timestamp()) // 3_600 * 3_600_000 - 7_200_000


async def _stored(asker: Asker) -> str:
    server = await asker.server("web-1")
    state = asker.running.live.fleet.get(server)
    assert state is not None
    rows = []
    for seq in range(1, 25):
        ts_ms = START + seq * 5_000
        sample = Sample(
            seq=seq,
            timestamp=format_ms(ts_ms),
            cpu=Cpu(percent=float(seq)),
            memory=Memory(total=100, used=50, percent=50.0),
            processes=(Process(pid=seq, name="postgres", cpu_percent=75.0, memory_used=2_048),),
        )
        rows.append(SampleRow(state.num, "epoch", seq, ts_ms, ts_ms, sample))
    await asker.running.storage.samples.append(rows)
    return server


def _alert(server: str) -> Alert:
    return Alert(
        id="alr_1",
        server_id=server,
        threshold_id="thr_1",
        metric="cpu.percent",
        severity="warning",
        comparison="gt",
        threshold_value=10.0,
        state=State(),
        started_ms=START + 10_000,
        fired_ms=START + 20_000,
        acknowledged_ms=START + 30_000,
        acknowledged_by="ann",
        resolved_ms=START + 40_000,
        updated_ms=START + 40_000,
    )


async def test_a_moment_tells_sample_processes_and_alerts(asker: Asker) -> None:
    server = await _stored(asker)
    await asker.running.storage.write(put_alert(_alert(server)))
    found = (await asker.get(f"/metrics/{server}/at?ts={START + 37_000}")).body
    assert (found["server_id"], found["ts"], found["tier"]) == (server, format_ms(START + 37_000), "raw")
    assert (found["sample"]["timestamp"], found["sample_age_s"]) == (format_ms(START + 35_000), 2.0)
    assert found["sample"]["cpu"]["percent"] == 7.0
    assert (found["processes_at"], found["processes"][0]["pid"]) == (format_ms(START + 30_000), 6)
    [alert] = found["alerts"]
    assert (alert["id"], alert["status"], alert["acknowledged_by"]) == ("alr_1", "acknowledged", "ann")
    assert alert["resolved_at"] is None


async def test_an_alert_alone_is_a_moment_too(asker: Asker) -> None:
    server = await asker.server("web-1")
    await asker.running.storage.write(put_alert(_alert(server)))
    found = (await asker.get(f"/metrics/{server}/at?ts={START + 15_000}")).body
    assert (found["sample"], found["tier"], found["processes"], found["processes_at"]) == (
        None,
        None,
        [],
        None,
    )
    assert [alert["status"] for alert in found["alerts"]] == ["pending"]


async def test_of_a_time_without_anything_there_are_no_metrics(asker: Asker) -> None:
    server = await _stored(asker)
    answer = await asker.get(f"/metrics/{server}/at?ts={START - 1}")
    assert (answer.status, answer.code) == (404, "no_metrics")
    bad = await asker.get(f"/metrics/{server}/at?ts=yesterday")
    assert (bad.status, bad.body["detail"][:4]) == (400, "ts: ")


def test_an_alert_stands_as_it_stood() -> None:
    whole = _alert("srv_1")
    stood = [as_of(whole, START + at) for at in (9_999, 10_000, 20_000, 30_000, 39_999, 40_000)]
    assert [alert and alert.status for alert in stood] == [
        None,
        "pending",
        "firing",
        "acknowledged",
        "acknowledged",
        None,
    ]
