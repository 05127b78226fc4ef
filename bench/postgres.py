"""The hub's CPU for each sample on PostgreSQL beside that on SQLite, in one run; and the database's own.

Needs a PostgreSQL on this machine, at CHATOPS_BENCH_POSTGRES or postgresql://postgres@127.0.0.1:5432/postgres,
where a database may be made. Both commit to disk before they acknowledge. Linux only (/proc).
"""

import asyncio
import contextlib
import os
import secrets
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench.figures import Figure, Process, progress, publish
from bench.ingest import AGENTS, FLAT_OUT, Hub, Pattern, load
from bench.load import Answer
from bench.programs import listening, new_server, post

# 4,000 samples a second: about as much as one core takes on SQLite.
STEADY: Final = Pattern("steady", interval_s=0.1, window=30, seconds=12.0)
# 400: 2,000 agents at 5 s. Fewer samples share a commit, and each costs more, on both.
SPARSE: Final = Pattern("sparse", interval_s=1.0, window=30, seconds=12.0)
# The project's bar (docs/performance.md).
RATIO_BAR: Final = 1.5


def main() -> None:
    """Measure both and publish."""
    with (
        tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder,
        _database() as (url, name),
        _hub(Path(folder) / "sqlite", "") as sqlite,
        _hub(Path(folder) / "postgres", url) as postgres,
    ):
        figures: list[Figure] = []
        for pattern in (STEADY, SPARSE, FLAT_OUT):
            of_sqlite = load(sqlite, "SQLite", pattern)
            before_s = _database_cpu_s(url, name)
            of_postgres = load(postgres, "PostgreSQL", pattern)
            database_s = _database_cpu_s(url, name) - before_s
            figures += _figures(pattern, of_sqlite, of_postgres)
            per_sample = database_s / max(1, of_postgres.acknowledged) * 1e6
            figures.append(
                Figure(name=f"{pattern.name}: the database's CPU", value=per_sample, unit="us/sample")
            )
    publish(figures)


def _figures(pattern: Pattern, sqlite: Answer, postgres: Answer) -> Iterator[Figure]:
    for who, answer in (("SQLite", sqlite), ("PostgreSQL", postgres)):
        about = f"{pattern.name}, {who}:"
        yield Figure(name=f"{about} stored", value=answer.acknowledged / answer.seconds, unit="samples/s")
        yield Figure(name=f"{about} hub CPU", value=_cpu_us(answer), unit="us/sample")
        yield Figure(name=f"{about} ack, median", value=answer.p50_ms, unit="ms")
        yield Figure(name=f"{about} ack, 99 %", value=answer.p99_ms, unit="ms")
    ratio = _cpu_us(postgres) / _cpu_us(sqlite)
    bar = RATIO_BAR if pattern is STEADY else None
    yield Figure(name=f"{pattern.name}: hub CPU, PostgreSQL / SQLite", value=ratio, unit="x", bar=bar)


def _cpu_us(answer: Answer) -> float:
    return answer.hub_cpu_s / max(1, answer.acknowledged) * 1e6


@contextlib.contextmanager
def _hub(folder: Path, database: str) -> Iterator[Hub]:
    password = secrets.token_urlsafe()
    command = ["chatops_server", "run", "--port", "0", "--data-dir", str(folder)]
    environ = {"CHATOPS_ADMIN_PASSWORD": password, **({"CHATOPS_DATABASE": database} if database else {})}
    with listening(command, environ) as (url, pid):
        login = post(url, "/auth/login", {"username": "admin", "password": password})
        names = (f"bench-{number}" for number in range(AGENTS))
        yield Hub(url, pid, [new_server(url, login["access_token"], name)[1] for name in names])


@contextlib.contextmanager
def _database() -> Iterator[tuple[str, str]]:
    server = os.environ.get("CHATOPS_BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
    name = f"chatops_bench_{uuid.uuid4().hex}"
    progress(f"makes the database {name}")
    asyncio.run(_ask(server, f"CREATE DATABASE {name}"))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}")), name
    finally:
        asyncio.run(_ask(server, f"DROP DATABASE {name} WITH (FORCE)"))


def _database_cpu_s(url: str, name: str) -> float:
    """Return what the server's processes of this database have used so far; they stay as long as the hub."""
    rows = asyncio.run(
        _ask(url, f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()")  # noqa: S608 - a name of ours
    )
    return sum(Process(int(str(row[0]))).cpu_s() for row in rows)


async def _ask(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


if __name__ == "__main__":
    main()
