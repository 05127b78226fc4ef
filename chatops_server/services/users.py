"""The users, as admins and the hub's own console handle them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from secrets import token_hex, token_urlsafe
from typing import Final

from msgspec import UNSET

from chatops_server.broker.fleet import Fleet
from chatops_server.errors import ConflictError, NotFoundError
from chatops_server.services.access import Caller
from chatops_server.services.accounts import replace_password
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.passwords import PasswordHasher
from chatops_server.services.user_directory import UserDirectory
from chatops_server.storage.base import Script, Storage, UniqueViolationError
from chatops_server.storage.sql import servers as servers_sql
from chatops_server.storage.sql import users as users_sql
from chatops_server.storage.sql.users import UserRow
from chatops_wire.rest import UserCreate, UserDetail, UserPatch
from chatops_wire.times import format_ms

FIRST_ADMIN: Final = "admin"
# 128 bits: nobody guesses it, and it still can be typed.
_FIRST_PASSWORD_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Change:
    """What an admin asks to change, its password already hashed."""

    patch: UserPatch
    hashed: str | None


class Users:
    """Creates, changes and removes users. There is always an active admin."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        directory: UserDirectory,
        hasher: PasswordHasher,
        now_ms: Callable[[], int],
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._directory = directory
        self._hasher = hasher
        self._now_ms = now_ms

    async def load(self) -> None:
        """Read every user into the directory; once, at start-up."""
        self._directory.load(await self._storage.read(users_sql.all_users()))

    async def create_first(self, password: str | None) -> str | None:
        """Create the first admin where there is no user at all.

        Args:
            password: Theirs; None makes a random one.

        Returns:
            The random password, to be shown once; None where nothing was made up.
        """
        if len(self._directory):
            return None
        made_up = None if password else token_urlsafe(_FIRST_PASSWORD_BYTES)
        chosen = password or made_up or ""
        body = UserCreate(username=FIRST_ADMIN, password=chosen, role="admin")
        try:
            await self.create(body, Caller(None, None))
        except ConflictError:
            # Another hub that started at the same moment has made them, and shows the password.
            return None
        return made_up

    def listed(self) -> list[UserDetail]:
        """Return every user, oldest first."""
        users = sorted(self._directory, key=lambda user: (user.created_ms, user.id))
        return [user_detail(user) for user in users]

    def get(self, user_id: str) -> UserDetail:
        """Return one user.

        Raises:
            NotFoundError: No such user.
        """
        return user_detail(self._known(user_id))

    def id_of(self, user: str) -> str:
        """Return the id of a user given by id or name; whom nobody knows is taken for an id."""
        named = None if self._directory.get(user) else self._directory.named(user)
        return named.id if named else user

    async def create(self, body: UserCreate, caller: Caller) -> UserDetail:
        """Add a user.

        Raises:
            ConflictError: The name is taken; upper and lower case are not told apart.
        """
        self._check_free(body.username)
        hashed = await self._hasher.hash(body.password)
        user = UserRow(f"usr_{token_hex(8)}", body.username, body.role, body.active, 1, self._now_ms())
        deed = Deed("user.create", caller, target=user.username, data={"role": user.role})
        try:
            await self._ledger.commit(users_sql.add_user(user, hashed), deed)
        except UniqueViolationError as exc:
            raise ConflictError(f"the user name {body.username} is taken") from exc
        self._directory.put(user)
        return user_detail(user)

    async def change(self, user_id: str, patch: UserPatch, caller: Caller) -> UserDetail:
        """Change name, password, role or activity; each ends every token of the user.

        Raises:
            NotFoundError: No such user.
            ConflictError: The name is another user's, or no active admin would be left.
        """
        user = self._known(user_id)
        if patch.username is not UNSET:
            self._check_free(patch.username, user_id)
        hashed = None if patch.password is UNSET else await self._hasher.hash(patch.password)
        deed = Deed("user.update", caller, target=user.username, data=_told(patch))
        try:
            changed = await self._ledger.commit(_changed(user_id, Change(patch, hashed)), deed)
        except UniqueViolationError as exc:
            raise ConflictError(f"the user name {patch.username} is taken") from exc
        self._directory.change(changed)
        return user_detail(changed)

    async def remove(self, user_id: str, caller: Caller, fleet: Fleet) -> None:
        """Remove a user; their servers pass to the caller, or else to the oldest other active admin.

        Raises:
            NotFoundError: No such user.
            ConflictError: No active admin would be left.
        """
        user = self._known(user_id)
        by_another = caller.user_id if caller.user_id != user_id else None
        heir = by_another or self._oldest_admin_besides(user_id)
        deed = Deed("user.delete", caller, target=user.username, data={"servers_to": heir})
        await self._ledger.commit(_removed(user_id, heir), deed)
        self._directory.drop(user_id)
        fleet.user_removed(user_id, heir)

    def _check_free(self, username: str, user_id: str | None = None) -> None:
        named = self._directory.named(username)
        if named is not None and named.id != user_id:
            raise ConflictError(f"the user name {username} is taken")

    def _known(self, user_id: str) -> UserRow:
        user = self._directory.get(user_id)
        if user is None:
            raise NotFoundError("no such user")
        return user

    def _oldest_admin_besides(self, user_id: str) -> str:
        admins = [user for user in self._directory if user.role == "admin" and user.active]
        others = [user for user in admins if user.id != user_id]
        if not others:
            raise ConflictError("the last active admin cannot be removed")
        return min(others, key=lambda user: user.created_ms).id


def user_detail(user: UserRow) -> UserDetail:
    """Return a user as admins see them."""
    return UserDetail(
        id=user.id,
        username=user.username,
        role=user.role,
        active=user.active,
        created_at=format_ms(user.created_ms),
    )


def _changed(user_id: str, change: Change) -> Script[UserRow]:
    user = yield from users_sql.user(user_id)
    if user is None:
        raise NotFoundError("no such user")
    patch = change.patch
    changed = replace(
        user,
        username=user.username if patch.username is UNSET else patch.username,
        role=user.role if patch.role is UNSET else patch.role,
        active=user.active if patch.active is UNSET else patch.active,
    )
    if not (changed.role == "admin" and changed.active):
        yield from _leave_an_admin(user_id)
    if changed == user and change.hashed is None:
        return user
    if change.hashed is not None:
        yield from replace_password(user_id, change.hashed)
    changed = replace(changed, token_version=user.token_version + 1)
    yield from users_sql.change_user(changed)
    yield from users_sql.end_sessions(user_id)
    return changed


def _removed(user_id: str, heir: str) -> Script[None]:
    if (yield from users_sql.user(user_id)) is None:
        raise NotFoundError("no such user")
    yield from _leave_an_admin(user_id)
    yield from servers_sql.pass_servers(user_id, heir)
    yield from users_sql.delete_user(user_id)


def _leave_an_admin(user_id: str) -> Script[None]:
    if not (yield from users_sql.active_admins_besides(user_id)):
        raise ConflictError("the last active admin cannot be removed, demoted or disabled")


def _told(patch: UserPatch) -> dict[str, object]:
    told: dict[str, object] = {"password": True} if patch.password is not UNSET else {}
    if patch.username is not UNSET:
        told["username"] = patch.username
    if patch.role is not UNSET:
        told["role"] = patch.role
    if patch.active is not UNSET:
        told["active"] = patch.active
    return told
