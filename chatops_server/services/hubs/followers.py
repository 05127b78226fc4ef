"""Bring people, machines and their keys in step with what other hubs have changed of them."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

from chatops_server.broker.clients import Clients
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sessions import AgentSessions
from chatops_server.services.accounts import Accounts
from chatops_server.services.keeping import KeepingTerms
from chatops_server.services.key_rotation import KeyRotation
from chatops_server.services.login_sessions import LoginSessions
from chatops_server.services.narrowing import Narrowings
from chatops_server.services.notifications.delivery import Delivery
from chatops_server.services.user_directory import UserDirectory
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql.api_keys import KeyRow, key
from chatops_server.storage.sql.grants import GrantRow, grants_on
from chatops_server.storage.sql.servers import ServerRow, server
from chatops_server.storage.sql.users import UserRow, user


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Sends clients away whose token has lost what it was good for."""

    clients: Clients
    accounts: Accounts
    now_ms: Callable[[], int]

    def look(self) -> None:
        """Do it now, and not with the next tick."""
        self.clients.expire(self.now_ms(), self.accounts.is_current)


@dataclass(frozen=True, slots=True)
class UserFollower:
    """Follows users: their names, roles, passwords, and whether they are still let in."""

    storage: Storage
    directory: UserDirectory
    door: Doorkeeper

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        self.directory.take_over(await self.storage.read(_users(keys)))
        self.door.look()


@dataclass(frozen=True, slots=True)
class LoginFollower:
    """Follows logins that were ended, those of copied refresh tokens too."""

    logins: LoginSessions
    door: Doorkeeper

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        # All of the last half hour, which are few.
        del keys
        await self.logins.load()
        self.door.look()


@dataclass(frozen=True, slots=True)
class ServerFollower:
    """Follows servers: new ones, their names, tags, owners and narrowing, and those that were deleted."""

    storage: Storage
    fleet: Fleet
    sessions: AgentSessions
    narrowings: Narrowings

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        for server_id, row in (await self.storage.read(_servers(keys))).items():
            if row is None:
                self.fleet.removed(server_id)
                self.sessions.close_server(server_id)
                continue
            self.fleet.take_over(row, is_here=self.sessions.get(server_id) is not None)
            state = self.fleet.get(server_id)
            if state is not None and state.narrowing != row.narrowing:
                self.narrowings.told(server_id, row.narrowing)


@dataclass(frozen=True, slots=True)
class GrantFollower:
    """Follows grants, by the numbers of their servers."""

    storage: Storage
    fleet: Fleet

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        grants = await self.storage.read(_grants(keys))
        for state in list(self.fleet):
            if str(state.num) in keys:
                there = {row.user_id: row.role for row in grants if row.server_id == state.id}
                self.fleet.take_over_grants(state.id, there)


@dataclass(frozen=True, slots=True)
class KeyFollower:
    """Follows API keys: cuts off agents whose key was revoked, and offers next ones that were asked for."""

    storage: Storage
    sessions: AgentSessions
    rotation: KeyRotation

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        for key_id, row in (await self.storage.read(_keys(keys))).items():
            if row is None or row.revoked_ms is not None:
                self._close(key_id)
            elif row.rotate_ms is not None:
                self.rotation.asked_elsewhere(row)

    def _close(self, key_id: str) -> None:
        # An agent that is just taking its next key ended the one before by that; it is asked again.
        if not self.sessions.is_changing(key_id):
            self.sessions.close_key(key_id)


@dataclass(frozen=True, slots=True)
class TermsFollower:
    """Follows how long things are kept."""

    keeping: KeepingTerms

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        del keys
        await self.keeping.load()


@dataclass(frozen=True, slots=True)
class OutboxFollower:
    """Follows what waits to be told, by channel."""

    delivery: Delivery

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        self.delivery.notified(keys)


@dataclass(frozen=True, slots=True)
class AuditFollower:
    """Follows the audit log, whose newest entry each hub notes outside the database."""

    has_grown: asyncio.Event

    async def take_over(self, keys: Collection[str]) -> None:
        """See services.hubs.shared_state.Follower."""
        del keys
        self.has_grown.set()


def _users(keys: Collection[str]) -> Script[dict[str, UserRow | None]]:
    found = {}
    for user_id in keys:
        found[user_id] = yield from user(user_id)
    return found


def _servers(keys: Collection[str]) -> Script[dict[str, ServerRow | None]]:
    found = {}
    for server_id in keys:
        found[server_id] = yield from server(server_id)
    return found


def _keys(keys: Collection[str]) -> Script[dict[str, KeyRow | None]]:
    found = {}
    for key_id in keys:
        found[key_id] = yield from key(key_id)
    return found


def _grants(keys: Collection[str]) -> Script[list[GrantRow]]:
    found: list[GrantRow] = []
    for server_num in keys:
        found += yield from grants_on(int(server_num))
    return found
