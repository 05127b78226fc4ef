"""Who of several hubs runs, by the database's clock, and what one that is gone leaves to the others."""

from chatops_server.storage.base import Script, execute
from chatops_server.storage.postgres.engine import PostgresStorage
from chatops_server.storage.sql.commands import CommandEnd, NewCommand, add_command, command, end_command
from chatops_server.storage.sql.hub_nodes import Beat, arrive, beat, leave
from chatops_server.storage.sql.leases import Lease, leases_after, release_leases, take_lease
from chatops_server.storage.sql.terminals import (
    NewTerminal,
    TerminalEnd,
    add_terminal,
    close_terminal,
    terminal,
)
from tests.hub_rows import NOON_MS, add_servers
from tests.integration.hub_postgres.conftest import Opener

DEAD_AFTER_MS = 10_000
GONE = "its hub is gone"


def fell_silent(node_id: str) -> Script[int]:
    return execute("UPDATE hub_nodes SET seen_ms = seen_ms - 11000 WHERE id = $1", node_id)


async def beaten(storage: PostgresStorage, node_id: str) -> Beat:
    return await storage.write(beat(node_id, DEAD_AFTER_MS, GONE))


async def running(storage: PostgresStorage, name: str, node_id: str | None) -> int:
    new = NewCommand(name, 1, None, "uptime", (), None, 60.0, node_id=node_id)
    return await storage.write(add_command(new, NOON_MS))


async def test_the_newest_lease_wins_and_an_older_one_cannot_be_given_back(another_hub: Opener) -> None:
    storage = await another_hub()
    await add_servers(storage)
    await storage.write(arrive("a", None, GONE))
    await storage.write(arrive("b", None, GONE))
    first = await storage.write(take_lease(1, "a"))
    second = await storage.write(take_lease(1, "b"))
    assert second > first
    await storage.write(release_leases([(1, first)]))
    assert await storage.read(leases_after(0)) == [("srv_1", Lease("b", second))]
    await storage.write(release_leases([(1, second)]))
    [(_, freed)] = await storage.read(leases_after(second))
    assert (freed.node_id, freed.epoch > second) == (None, True)


async def test_one_hub_alone_takes_over_from_one_that_fell_silent(another_hub: Opener) -> None:
    storage = await another_hub()
    await add_servers(storage, 2)
    for name in ("a", "b", "c"):
        await storage.write(arrive(name, None, GONE))
    await storage.write(take_lease(1, "a"))
    await storage.write(take_lease(2, "b"))
    await running(storage, "cmd_a", "a")
    await running(storage, "cmd_b", "b")
    await storage.write(add_terminal(NewTerminal("trm_a", 1, None, NOON_MS, "a")))
    await storage.write(fell_silent("a"))
    came = await beaten(storage, "b")
    assert (sorted(came.nodes), list(came.freed)) == (["b", "c"], ["srv_1"])
    assert [(row.id, row.node_id) for row in came.adopted] == [("cmd_a", "b")]
    closed = await storage.read(terminal("trm_a"))
    assert closed is not None
    assert closed.reason == GONE
    later = await beaten(storage, "c")
    assert (later.freed, later.adopted) == ([], [])


async def test_a_hub_that_was_given_up_hears_so_and_ends_nothing_of_others(another_hub: Opener) -> None:
    storage = await another_hub()
    await add_servers(storage)
    assert not (await storage.write(arrive("a", None, GONE))).was_known
    await storage.write(arrive("b", None, GONE))
    num = await running(storage, "cmd_a", "a")
    await storage.write(fell_silent("a"))
    await beaten(storage, "b")
    assert not (await beaten(storage, "a")).was_known
    assert (await beaten(storage, "a")).was_known
    assert not await storage.write(end_command(num, CommandEnd("lost", NOON_MS, node_id="a")))
    found = await storage.read(command("cmd_a"))
    assert found is not None
    assert (found.status, found.node_id) == ("running", "b")


async def test_a_terminal_that_moved_is_not_closed_by_its_former_hub(another_hub: Opener) -> None:
    storage = await another_hub()
    await add_servers(storage)
    await storage.write(add_terminal(NewTerminal("trm_1", 1, None, NOON_MS, "b")))
    await storage.write(close_terminal("trm_1", TerminalEnd(NOON_MS, "attached elsewhere", node_id="a")))
    found = await storage.read(terminal("trm_1"))
    assert found is not None
    assert found.closed_ms is None


async def test_a_hub_goes_on_with_its_predecessors_and_with_nobodys_commands(another_hub: Opener) -> None:
    storage = await another_hub()
    await add_servers(storage)
    await storage.write(arrive("before", None, GONE))
    await running(storage, "cmd_before", "before")
    # As a program of the version before left it.
    await running(storage, "cmd_old", None)
    await storage.write(add_terminal(NewTerminal("trm_old", 1, None, NOON_MS)))
    came = await storage.write(arrive("after", "before", GONE))
    assert [row.id for row in came.adopted] == ["cmd_before", "cmd_old"]
    assert came.nodes == {"after"}
    closed = await storage.read(terminal("trm_old"))
    assert closed is not None
    assert closed.reason == GONE


async def test_a_hub_that_ends_frees_its_agents(another_hub: Opener) -> None:
    storage = await another_hub()
    await add_servers(storage)
    await storage.write(arrive("a", None, GONE))
    epoch = await storage.write(take_lease(1, "a"))
    await storage.write(leave("a"))
    [(server_id, lease)] = await storage.read(leases_after(epoch))
    assert (server_id, lease.node_id) == ("srv_1", None)
