"""What hubs that share a database do not do to each other."""

import asyncio
from dataclasses import replace

from chatops_server.domain.audit_chain import AuditEntry
from chatops_server.domain.tiers import DAY_MS
from chatops_server.errors import StorageError
from chatops_server.storage.base import HistoryQuery, Row, Script, fetch
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.connections import Link
from chatops_server.storage.postgres.locks import Presence
from chatops_server.storage.sql.audit import add_audit, check_chain
from chatops_server.storage.sql.hot import tables_with
from tests.deadlines import eventually
from tests.hub_rows import HOUR_MS, NOON_MS, Clock, add_servers, row
from tests.integration.hub_postgres.conftest import Opener


def stored() -> Script[list[Row]]:
    rows: list[Row] = []
    for table in (yield from tables_with(0, 2**62)):
        rows.extend((yield from fetch(f"SELECT server_num, seq FROM {table.host}")))  # noqa: S608 - ours
    return sorted(rows)


def query(server_num: int = 1) -> HistoryQuery:
    return HistoryQuery(server_num, ["cpu.percent"], NOON_MS - HOUR_MS, NOON_MS + DAY_MS, 1_000)


async def test_the_same_samples_through_two_hubs_are_stored_once(another_hub: Opener) -> None:
    one, other = await another_hub(), await another_hub()
    await add_servers(one, 2)
    await asyncio.gather(
        *(
            hub.samples.append([row(seq, server_num=num) for seq in range(1, 40)])
            for hub in (one, other, one, other)
            for num in (1, 2)
        )
    )
    assert await one.read(stored()) == [(num, seq) for num in (1, 2) for seq in range(1, 40)]
    assert await other.samples.cursor(2, "e1") == 39


async def test_a_chart_has_what_went_through_another_hub(another_hub: Opener, clock: Clock) -> None:
    one = await another_hub()
    await add_servers(one)
    await one.samples.append([row(1, NOON_MS)])
    other = await another_hub()
    for seq, hub in enumerate((other, one, other, other, one), 2):
        clock.now_ms += 5_000
        await hub.samples.append([row(seq, clock.now_ms)])
        for asked in (one, other):
            points = (await asked.samples.history(query())).series["cpu.percent"]
            assert [point.ts_ms for point in points] == [NOON_MS + at * 5_000 for at in range(seq)]


async def test_what_one_hub_seals_others_read(another_hub: Opener, clock: Clock) -> None:
    one, other = await another_hub(), await another_hub()
    await add_servers(one, 3)
    rows = [row(seq, NOON_MS + seq * 5_000, server_num=num) for num in (1, 2, 3) for seq in range(1, 30)]
    await one.samples.append(rows)
    before = (await other.samples.history(query(2))).series
    clock.now_ms += 3 * HOUR_MS
    sealing = asyncio.gather(one.samples.seal(clock.now_ms), other.samples.seal(clock.now_ms))
    while not sealing.done():
        assert (await other.samples.stored_history(query(2))).series == before
    assert sorted(await sealing) == [0, 1]
    # Samples that waited this long do not go where nobody looks any more.
    late = [replace(row(30, NOON_MS + 30 * 5_000, server_num=2))]
    await other.samples.append(late)
    answer = await one.samples.history(query(2))
    assert len(answer.series["cpu.percent"]) == 30


async def test_an_audit_chain_that_two_hubs_write_holds_together(another_hub: Opener) -> None:
    hubs = [await another_hub(), await another_hub()]

    def entry(number: int) -> AuditEntry:
        return AuditEntry(ts="2026-01-01T12:00:00.000Z", action="test", result="ok", target=f"t{number}")

    await asyncio.gather(*(hubs[number % 2].write(add_audit(entry(number))) for number in range(60)))
    chain = await hubs[0].read(check_chain())
    assert (chain.entries, chain.last_id, chain.broken) == (60, 60, None)


async def test_one_hub_leads_and_another_follows_when_it_is_gone(another_hub: Opener) -> None:
    one, other = await another_hub(), await another_hub()
    assert await one.try_lead("retention")
    assert await one.try_lead("retention")
    assert not await other.try_lead("retention")
    assert await other.try_lead("outbox")
    await one.close()
    await eventually(lambda: other.try_lead("retention"))


async def test_a_hub_whose_session_was_cut_leads_only_once_more_if_nobody_else_does(
    another_hub: Opener, address: PostgresUrl
) -> None:
    one = await another_hub()
    rival = Presence(Link(address), 1)
    assert await one.try_lead("retention")
    await one.write(_cut_others())
    # Whoever asks first; the one that was cut does not believe it still leads.
    assert await eventually(lambda: rival.try_lead("retention"))
    assert not await one.try_lead("retention")
    await rival.close()
    await eventually(lambda: one.try_lead("retention"))


def _cut_others() -> Script[None]:
    yield from fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_hubs_that_lost_every_connection_go_on(another_hub: Opener) -> None:
    hub = await another_hub()
    await add_servers(hub)
    await hub.samples.append([row(1)])
    await hub.samples.history(query())
    await hub.write(_cut_others())

    async def goes_on() -> bool:
        try:
            await hub.samples.append([row(1), row(2, NOON_MS + 5_000)])
            return len((await hub.samples.stored_history(query())).series["cpu.percent"]) == 2
        except StorageError:
            return False

    await eventually(goes_on)
    assert await hub.check() == "ok"
