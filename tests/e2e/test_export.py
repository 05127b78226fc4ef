"""`chatops-server export`: everything that is stored, sealed or not, as plain rows."""

import asyncio
import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from chatops_server.storage.base import SampleRow, execute
from chatops_server.storage.sqlite.engine import open_sqlite
from chatops_wire.times import format_ms
from tests.e2e.hub_program import command
from tests.hub_rows import HOUR_MS, NOON_MS, add_servers, row

SAMPLES = 30


def rows() -> list[SampleRow]:
    """Return samples of two hours of two servers, the last of each 90 minutes late."""
    found = []
    for num in (1, 2):
        for seq in range(1, SAMPLES + 1):
            ts_ms = NOON_MS + seq * 4 * 60_000
            found.append(row(seq, ts_ms, server_num=num, cpu=float(seq + num)))
        late = row(SAMPLES + 1, NOON_MS + 30 * 60_000, server_num=num, cpu=77.0)
        found.append(replace(late, received_ms=NOON_MS + 2 * HOUR_MS))
    return found


async def _fill(path: Path) -> None:
    now_ms = NOON_MS
    storage = await open_sqlite(path, now_ms=lambda: now_ms)
    await add_servers(storage, 2)
    await storage.write(execute("UPDATE servers SET name = '=2+5' WHERE num = 2"))
    for received in rows():
        await storage.samples.append([received])
    # The first hour is sealed, the second not.
    now_ms = NOON_MS + 2 * HOUR_MS + 75 * 60_000
    assert await storage.samples.seal(NOON_MS + HOUR_MS + 75 * 60_000) == 1
    await storage.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    asyncio.run(_fill(folder / "hub.db"))
    return folder


def exported(data: Path, *arguments: str) -> list[dict[str, str]]:
    done = command("export", "--data-dir", str(data), *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_every_sample_comes_back(data: Path) -> None:
    found = exported(data, "--server", "web-1", "--metric", "cpu.percent")
    expected = sorted((each.ts_ms, each.sample.cpu.percent) for each in rows() if each.server_num == 1)
    assert [(cells["ts"], float(cells["value"])) for cells in found] == [
        (format_ms(ts_ms), percent) for ts_ms, percent in expected
    ]
    assert {(cells["server"], cells["metric"]) for cells in found} == {("web-1", "cpu.percent")}


def test_without_a_choice_all_servers_and_labels_come(data: Path) -> None:
    found = exported(data)
    assert {cells["metric"] for cells in found} >= {"cpu.percent", "disk.used:/", "net.rx_bps:eth0"}
    # A name that a spreadsheet would take for a formula is made harmless.
    assert {cells["server"] for cells in found} == {"web-1", "'=2+5"}
    assert len([cells for cells in found if cells["metric"] == "disk.used:/"]) == 2 * (SAMPLES + 1)


@pytest.mark.parametrize(("tier", "step_ms"), [("1m", 60_000), ("10m", 600_000), ("1h", HOUR_MS)])
def test_a_tier_comes_as_its_buckets(data: Path, tier: str, step_ms: int) -> None:
    found = exported(data, "--tier", tier, "--metric", "cpu.percent", "--server", "srv_1")
    buckets: dict[int, list[float]] = {}
    for each in rows():
        if each.server_num == 1:
            buckets.setdefault(each.ts_ms // step_ms * step_ms, []).append(each.sample.cpu.percent)
    assert [
        (cells["ts"], int(cells["count"]), float(cells["min"]), float(cells["max"])) for cells in found
    ] == [
        (format_ms(start), len(values), min(values), max(values)) for start, values in sorted(buckets.items())
    ]


def test_a_range_and_json_lines(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    start, end = format_ms(NOON_MS + 4 * 60_000), format_ms(NOON_MS + 8 * 60_000)
    done = command(
        *("export", "--data-dir", str(data), "--start", start, "--end", end, "--metric", "cpu.percent"),
        *("--format", "jsonl", "--output", str(file)),
    )
    assert done.stdout == f"{file}: 2 rows\n"
    assert [json.loads(line) for line in file.read_text().splitlines()] == [
        {"ts": start, "server": "=2+5", "metric": "cpu.percent", "value": 3.0},
        {"ts": start, "server": "web-1", "metric": "cpu.percent", "value": 2.0},
    ]


def test_where_nothing_matches_there_are_only_the_names(data: Path) -> None:
    done = command("export", "--data-dir", str(data), "--end", "2001-01-01")
    assert (done.returncode, done.stdout) == (0, "ts,server,metric,value\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--server", "nobody"), "--server: there is no server 'nobody'"),
        (("--metric", "cpu.speed"), "--metric: "),
        (("--start", "yesterday"), "--start: 'yesterday' is no date"),
        (("--start", "2026-02-01", "--end", "2026-01-01"), "--start: it must be before"),
        (("--tier", "5m"), "--tier"),
        (("--output", "/does/not/exist"), "--output: '/does/not/exist'"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(
    data: Path, arguments: tuple[str, ...], named: str
) -> None:
    ended = command("export", "--data-dir", str(data), *arguments)
    # Not even the line of names: what is piped on must not look like an answer.
    assert (ended.returncode, ended.stdout) == (2, "")
    [line] = ended.stderr.splitlines()
    assert named in line
