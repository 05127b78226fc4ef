"""Keys, enrolment and resealing, on every engine."""

import asyncio
from dataclasses import replace

from chatops_server.sealing import Sealer
from chatops_server.services.api_keys import Term, new_key
from chatops_server.services.resealing import reseal
from chatops_server.storage.base import Storage, execute, fetch_one
from chatops_server.storage.sql import api_keys as keys_sql
from chatops_server.storage.sql import enrolment as enrolment_sql
from chatops_server.storage.sql.api_keys import KeyRow
from chatops_server.storage.sql.enrolment import EnrollTokenRow
from tests.hub_rows import NOON_MS

TOKEN = EnrollTokenRow(
    id="tok1",
    owner_id="usr_1",
    name="rack",
    tags=("env=prod",),
    secret_hash="0" * 64,
    prefix="chope_tok1",
    created_ms=NOON_MS,
    expires_ms=NOON_MS + 1000,
    revoked_ms=None,
    max_uses=3,
    uses=0,
    key_lifetime_ms=None,
    key_auto_rotate=True,
)
OLD, NEW = "an old secret, 0123456789abcdef", "a new secret, 0123456789abcdef"


async def added(storage: Storage, term: Term, at_ms: int = NOON_MS) -> KeyRow:
    _, row = new_key((1, "srv_1"), "rack", term, at_ms)
    assert await storage.write(keys_sql.add_key(row))
    return row


async def test_a_key_comes_back_as_it_was_stored(storage: Storage) -> None:
    row = await added(storage, Term(60_000, auto_rotate=True))
    assert await storage.read(keys_sql.key(row.id)) == row
    assert await storage.read(keys_sql.keys_of(1, (-1, ""), 10)) == [row]
    assert await storage.read(
        keys_sql.keys_managed_by("usr_1", is_admin=False, after=(-1, ""), limit=10)
    ) == [row]


async def test_a_key_of_a_server_that_is_gone_is_not_stored(storage: Storage) -> None:
    _, row = new_key((99, "srv_99"), "", Term(), NOON_MS)
    assert not await storage.write(keys_sql.add_key(row))


async def test_the_first_use_of_a_key_ends_the_one_before_and_every_other_that_was_to_follow(
    storage: Storage,
) -> None:
    old = await added(storage, Term())
    first = await added(storage, Term(replaces=old.id), NOON_MS + 1)
    second = await added(storage, Term(replaces=old.id), NOON_MS + 2)
    assert await storage.write(keys_sql.confirm_key(second.id, NOON_MS + 5))
    alive = [
        row.id for row in await storage.read(keys_sql.keys_of(1, (-1, ""), 10)) if row.is_alive(NOON_MS + 6)
    ]
    assert alive == [second.id]
    assert not await storage.write(keys_sql.confirm_key(first.id, NOON_MS + 7))


async def test_keys_in_the_last_quarter_of_their_life_are_due(storage: Storage) -> None:
    row = await added(storage, Term(1000, auto_rotate=True))
    await added(storage, Term(1000))
    for at_ms, due in ((NOON_MS + 749, []), (NOON_MS + 750, [row.id]), (NOON_MS + 1000, [])):
        assert [each.id for each in await storage.read(keys_sql.keys_to_rotate(at_ms))] == due
    await storage.write(keys_sql.ask_rotation(row.id, NOON_MS + 760))
    assert await storage.read(keys_sql.keys_to_rotate(NOON_MS + 770)) == []


async def test_a_token_comes_back_and_is_used_only_as_often_as_it_may_be_at_once(storage: Storage) -> None:
    await storage.write(enrolment_sql.add_enroll_token(TOKEN))
    assert await storage.read(enrolment_sql.enroll_token("tok1")) == TOKEN
    uses = [storage.write(enrolment_sql.use_enroll_token("tok1", NOON_MS)) for _ in range(12)]
    assert sorted(await asyncio.gather(*uses)) == [False] * 9 + [True] * 3
    listed = enrolment_sql.enroll_tokens("usr_1", is_admin=False, after=(-1, ""), limit=10)
    assert await storage.read(listed) == [replace(TOKEN, uses=3)]


async def test_a_token_that_is_over_or_revoked_is_not_used(storage: Storage) -> None:
    await storage.write(enrolment_sql.add_enroll_token(TOKEN))
    assert not await storage.write(enrolment_sql.use_enroll_token("tok1", NOON_MS + 1000))
    assert await storage.write(enrolment_sql.revoke_enroll_token("tok1", NOON_MS))
    assert not await storage.write(enrolment_sql.use_enroll_token("tok1", NOON_MS))


async def test_a_machine_is_remembered_with_its_newest_key(storage: Storage) -> None:
    await storage.write(enrolment_sql.add_enroll_token(TOKEN))
    assert await storage.read(enrolment_sql.enrolment("tok1", "m")) is None
    for key_id in ("k1", "k2"):
        await storage.write(enrolment_sql.note_enrolment("tok1", "m", 1, key_id, NOON_MS))
    found = await storage.read(enrolment_sql.enrolment("tok1", "m"))
    assert found is not None
    assert (found.server_id, found.key_id) == ("srv_1", "k2")
    assert await storage.read(enrolment_sql.servers_of("tok1")) == ("srv_1",)
    assert await storage.read(enrolment_sql.names_like("web")) == {"web-1", "web-2"}


async def test_what_the_previous_secret_sealed_is_sealed_with_the_present_one(storage: Storage) -> None:
    sealed = Sealer(OLD).seal("otp secret")
    await storage.write(
        execute(
            "INSERT INTO second_factors (user_id, secret, created_ms) VALUES ($1, $2, $3)",
            "usr_1",
            sealed,
            NOON_MS,
        )
    )
    await storage.write(
        execute(
            "INSERT INTO channels (id, sealed, body, created_ms) VALUES ($1, $2, $3, $4)",
            "chn_1",
            Sealer("a third one, 0123456789abcdef").seal("x"),
            "{}",
            NOON_MS,
        )
    )
    assert await reseal(storage, Sealer(NEW, OLD)) == 1
    assert await reseal(storage, Sealer(NEW, OLD)) == 0
    row = await storage.read(fetch_one("SELECT secret FROM second_factors WHERE user_id = $1", "usr_1"))
    assert row is not None
    assert Sealer(NEW).unseal(row[0]) == "otp secret"
