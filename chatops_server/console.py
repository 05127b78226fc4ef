"""`chatops-server user …`: users handled on the hub's own machine, while the hub is stopped."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from chatops_server.broker.fleet import Fleet
from chatops_server.config import Config
from chatops_server.errors import InvalidRequestError, NotFoundError
from chatops_server.opening import open_storage
from chatops_server.services.access import Caller
from chatops_server.services.events import Events
from chatops_server.services.ledger import Ledger
from chatops_server.services.passwords import PasswordHasher
from chatops_server.services.user_directory import UserDirectory
from chatops_server.services.users import Users
from chatops_server.web.bodies import explained
from chatops_wire.rest import EventView, UserCreate, UserDetail, UserPatch

_CONSOLE: Final = Caller(None, "console")


def add_user(config: Config, username: str, role: str, password: str) -> UserDetail:
    """Add a user.

    Raises:
        InvalidRequestError: Name, role or password cannot be used; the detail names which.
        ConflictError: The name is taken.
        CannotOpenError: The database cannot be opened, for instance because the hub runs.
    """
    body = _checked({"username": username, "role": role, "password": password}, UserCreate)

    async def add() -> UserDetail:
        async with _opened(config) as users:
            return await users.create(body, _CONSOLE)

    return asyncio.run(add())


def list_users(config: Config) -> list[UserDetail]:
    """Return every user, oldest first; raises CannotOpenError."""

    async def listed() -> list[UserDetail]:
        async with _opened(config) as users:
            return users.listed()

    return asyncio.run(listed())


def remove_user(config: Config, username: str) -> None:
    """Remove a user; their servers pass to the oldest other active admin.

    Raises:
        NotFoundError: No such user.
        ConflictError: No active admin would be left.
        CannotOpenError: As above.
    """

    async def remove() -> None:
        async with _opened(config) as users:
            await users.remove(_named(users, username).id, _CONSOLE, Fleet(lambda _number: ()))

    asyncio.run(remove())


def set_password(config: Config, username: str, password: str) -> None:
    """Set a user's password and end their sessions.

    Raises:
        NotFoundError: No such user.
        InvalidRequestError: The password cannot be used.
        CannotOpenError: As above.
    """
    patch = _checked({"password": password}, UserPatch)

    async def change() -> None:
        async with _opened(config) as users:
            await users.change(_named(users, username).id, patch, _CONSOLE)

    asyncio.run(change())


class _NobodyListens:
    def event_recorded(self, event: EventView) -> None:
        del event


@asynccontextmanager
async def _opened(config: Config) -> AsyncIterator[Users]:
    storage = await open_storage(config.database, config.data_dir, alone=True, now_ms=_now_ms)
    hasher = PasswordHasher()
    try:
        ledger = Ledger(storage, Events(storage, _NobodyListens(), _now_ms), _now_ms)
        users = Users(storage, ledger, UserDirectory(), hasher, _now_ms)
        await users.load()
        yield users
    finally:
        await asyncio.to_thread(hasher.close)
        await storage.close()


def _named(users: Users, username: str) -> UserDetail:
    for user in users.listed():
        if user.username.casefold() == username.casefold():
            return user
    raise NotFoundError(f"there is no user {username!r}")


def _checked(values: dict[str, Any], kind: type[Any]) -> Any:  # noqa: ANN401 - one of two Structs
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as exc:
        raise InvalidRequestError(explained(str(exc))) from exc


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
