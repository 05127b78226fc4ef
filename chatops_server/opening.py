"""Picks the storage engine and the bus that settings name."""

import time
from collections.abc import Callable
from pathlib import Path

from chatops_server.bus.address import NatsAddress
from chatops_server.bus.base import Bus
from chatops_server.bus.envelope import Envelope
from chatops_server.bus.in_process import InProcessBus
from chatops_server.domain.tiers import Keep
from chatops_server.storage.base import Storage
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.sqlite.engine import open_sqlite

Database = Path | PostgresUrl
"""A file of SQLite, or where PostgreSQL is."""


async def open_storage(
    database: Database,
    data_dir: Path,
    *,
    alone: bool = False,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    keep: Keep | None = None,
) -> Storage:
    """Open the database, bringing its schema up to date.

    Args:
        database: Which one.
        data_dir: The hub's folder, taken for this process alone.
        alone: Keep every other hub out; SQLite never has another.
        now_ms: Unix milliseconds.
        keep: How long samples and rollups stay; None: as long as usual.

    Raises:
        CannotOpenError: It cannot be opened now; `reason` is one line that says why.
    """
    if isinstance(database, Path):
        return await open_sqlite(database, now_ms=now_ms, keep=keep)
    # Only a hub that uses it needs the driver.
    from chatops_server.storage.postgres.engine import Place, open_postgres  # noqa: PLC0415

    return await open_postgres(Place(database, data_dir, alone), now_ms=now_ms, keep=keep)


def open_bus(address: NatsAddress | None, envelope: Envelope, name: str) -> Bus:
    """Return the bus, which connects in the running loop by itself; None: one that leads nowhere.

    Args:
        address: Where it is.
        envelope: Seals what this hub sends.
        name: What NATS shows of this hub.
    """
    if address is None:
        return InProcessBus()
    # Likewise.
    from chatops_server.bus.nats import NatsBus  # noqa: PLC0415

    bus = NatsBus(address, envelope, name)
    bus.start()
    return bus
