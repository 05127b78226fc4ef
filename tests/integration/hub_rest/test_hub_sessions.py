"""How long sessions last, by a clock that the test sets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatops_server.errors import TokenError
from chatops_server.sealing import Sealer
from chatops_server.services.access import Caller
from chatops_server.services.access_tokens import ACCESS_TOKEN_S, AccessTokens
from chatops_server.services.accounts import Accounts, Credentials
from chatops_server.services.events import Events
from chatops_server.services.ledger import Ledger
from chatops_server.services.login_guard import LoginGuard
from chatops_server.services.passwords import PasswordHasher
from chatops_server.services.refresh_tokens import FAMILY_MS, REFRESH_TOKEN_MS
from chatops_server.services.second_factor import SecondStep
from chatops_server.services.signing_keys import KeyRing
from chatops_server.services.user_directory import UserDirectory
from chatops_server.services.users import Users
from chatops_server.storage.sql.users import UserRow
from chatops_server.storage.sqlite.engine import open_sqlite
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import EventView, Login, Tokens, UserPatch
from tests.hub_rows import Clock
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, CHEAP, SECRET

START = 1_700_000_000_000
DAY_MS = 24 * 3600 * 1000


class Nobody:
    def event_recorded(self, event: EventView) -> None:
        pass


@dataclass
class Scene:
    accounts: Accounts
    users: Users
    clock: Clock

    async def login(self) -> Tokens:
        return await self.accounts.login(Login(username="admin", password=ADMIN_PASSWORD), None)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    clock, hasher = Clock(START), PasswordHasher(CHEAP)
    storage = await open_sqlite(tmp_path / "hub.db", now_ms=clock)
    ledger, directory = Ledger(storage, Events(storage, Nobody(), clock), clock), UserDirectory()
    second = SecondStep(storage, Sealer(SECRET), clock)
    credentials = Credentials(AccessTokens(KeyRing.of(SECRET), clock), hasher, LoginGuard(clock), second)
    users = Users(storage, ledger, directory, hasher, clock)
    await users.create_first(ADMIN_PASSWORD)
    yield Scene(Accounts(storage, ledger, directory, credentials, clock), users, clock)
    await asyncio.to_thread(hasher.close)
    await storage.close()


async def test_an_access_token_lasts_half_an_hour(scene: Scene) -> None:
    principal = scene.accounts.authenticate((await scene.login()).access_token)
    assert principal.expires_ms == START + ACCESS_TOKEN_S * 1000
    assert scene.accounts.is_current(principal, principal.expires_ms - 1)
    assert not scene.accounts.is_current(principal, principal.expires_ms)


async def test_a_principal_is_current_until_its_user_changes(scene: Scene) -> None:
    principal = scene.accounts.authenticate((await scene.login()).access_token)
    await scene.users.change(principal.user_id, UserPatch(), Caller(None, None))
    assert scene.accounts.is_current(principal, START)
    await scene.users.change(principal.user_id, UserPatch(password="another one"), Caller(None, None))  # noqa: S106
    assert not scene.accounts.is_current(principal, START)


async def test_a_refresh_token_lasts_seven_days(scene: Scene) -> None:
    tokens = await scene.login()
    scene.clock.now_ms += REFRESH_TOKEN_MS
    with pytest.raises(TokenError) as raised:
        await scene.accounts.refresh(tokens.refresh_token, None)
    assert raised.value.code is ErrorCode.TOKEN_EXPIRED


async def test_refreshing_every_day_keeps_a_session_for_thirty(scene: Scene) -> None:
    tokens = await scene.login()
    while scene.clock.now_ms < START + FAMILY_MS - DAY_MS:
        scene.clock.now_ms += DAY_MS
        tokens = await scene.accounts.refresh(tokens.refresh_token, None)
    scene.clock.now_ms += DAY_MS
    with pytest.raises(TokenError) as raised:
        await scene.accounts.refresh(tokens.refresh_token, None)
    assert raised.value.code is ErrorCode.TOKEN_EXPIRED


async def test_a_first_admin_is_made_once_and_gets_a_password_of_their_own(scene: Scene) -> None:
    assert await scene.users.create_first(None) is None
    [admin] = scene.users.listed()
    assert (admin.username, admin.role) == ("admin", "admin")


def _user(version: int) -> UserRow:
    return UserRow("usr_1", "Ann", "viewer", active=True, token_version=version, created_ms=0)


def test_the_directory_takes_no_older_change_and_none_of_a_user_that_is_gone() -> None:
    directory = UserDirectory()
    directory.put(_user(2))
    directory.change(_user(1))
    assert directory.named("ANN") == _user(2)
    directory.change(_user(3))
    assert directory.get("usr_1") == _user(3)
    directory.drop("usr_1")
    directory.change(_user(4))
    directory.drop("usr_1")
    assert len(directory) == 0
    assert directory.name_of("usr_1") == "usr_1"
