"""Samples, rows and the least a database needs before it takes them."""

from collections.abc import Sequence

from chatops_server.storage.base import SampleRow, Script, Storage, execute, fetch
from chatops_wire.samples import Cpu, Disk, Memory, Network, Sample, Temperature
from chatops_wire.times import format_ms

# A full hour; all tests count from here.
NOON_MS = 1_767_268_800_000
HOUR_MS = 3_600_000


class Clock:
    """A hub's clock in Unix milliseconds, put forward by hand."""

    def __init__(self, now_ms: int = NOON_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


def sample(seq: int, ts_ms: int = NOON_MS, *, cpu: float = 10.0, disks: Sequence[str] = ("/",)) -> Sample:
    """Return a sample whose values all follow from its arguments."""
    return Sample(
        seq=seq,
        timestamp=format_ms(ts_ms),
        cpu=Cpu(percent=cpu, user=1.5, load=(0.5, 0.25, 0.1)),
        memory=Memory(total=8_000_000_000, used=3_000_000_000 + seq, percent=37.5),
        disks=tuple(
            Disk(mount=mount, total=100, used=40 + at, percent=40.0) for at, mount in enumerate(disks)
        ),
        networks=(Network(interface="eth0", rx_bps=1000.4, tx_bps=10.0),),
        temperatures=(Temperature(sensor="package", celsius=51.25),),
        process_count=120,
    )


def row(
    seq: int, ts_ms: int = NOON_MS, *, server_num: int = 1, epoch: str = "e1", cpu: float = 10.0
) -> SampleRow:
    """Return the row of `sample(seq, ts_ms)`, received when it was taken."""
    return SampleRow(server_num, epoch, seq, ts_ms, ts_ms, sample(seq, ts_ms, cpu=cpu))


async def add_servers(storage: Storage, count: int = 1) -> None:
    """Give an empty database a user and servers 1 to `count`."""
    await storage.write(_servers(count))


def _servers(count: int) -> Script[None]:
    yield from execute(
        "INSERT INTO users (id, username, password_hash, role, created_ms) VALUES ($1, $2, $3, $4, $5)",
        "usr_1",
        "ann",
        "-",
        "admin",
        NOON_MS,
    )
    for number in range(1, count + 1):
        _ = yield from fetch(
            "INSERT INTO servers (id, name, owner_id, created_ms) VALUES ($1, $2, $3, $4) RETURNING num",
            f"srv_{number}",
            f"web-{number}",
            "usr_1",
            NOON_MS,
        )
