"""Every user in memory, so that checking a token or showing a name asks no database."""

from collections.abc import Iterable, Iterator, Mapping

from chatops_server.storage.sql.users import UserRow


class UserDirectory:
    """Users by id and by name. Only services that have just committed a change may change it."""

    def __init__(self) -> None:
        self._by_id: dict[str, UserRow] = {}
        self._by_name: dict[str, UserRow] = {}

    def load(self, users: Iterable[UserRow]) -> None:
        """Replace everything."""
        self._by_id.clear()
        self._by_name.clear()
        for user in users:
            self.put(user)

    def put(self, user: UserRow) -> None:
        """Add a user, or replace the one of the same id."""
        before = self._by_id.get(user.id)
        if before is not None:
            del self._by_name[before.username.casefold()]
        self._by_id[user.id] = user
        self._by_name[user.username.casefold()] = user

    def change(self, user: UserRow) -> None:
        """Replace a user, unless they are gone or a newer change came first."""
        before = self._by_id.get(user.id)
        if before is not None and before.token_version <= user.token_version:
            self.put(user)

    def take_over(self, users: Mapping[str, UserRow | None]) -> None:
        """Take over what another hub made of these users, by id; None for those it removed."""
        news = {
            user_id: user for user_id, user in users.items() if user is None or not self._knows_newer(user)
        }
        # All of them first: two may have exchanged their names.
        for user_id in news:
            self.drop(user_id)
        for user in news.values():
            if user is not None:
                self.put(user)

    def _knows_newer(self, user: UserRow) -> bool:
        known = self._by_id.get(user.id)
        return known is not None and known.token_version > user.token_version

    def drop(self, user_id: str) -> None:
        """Forget a user; unknown ids are ignored."""
        user = self._by_id.pop(user_id, None)
        if user is not None:
            del self._by_name[user.username.casefold()]

    def get(self, user_id: str) -> UserRow | None:
        """Return the user of this id."""
        return self._by_id.get(user_id)

    def named(self, username: str) -> UserRow | None:
        """Return the user of this name; upper and lower case are not told apart."""
        return self._by_name.get(username.casefold())

    def name_of(self, user_id: str) -> str:
        """Return the user's name, or the id of a user that is gone."""
        user = self._by_id.get(user_id)
        return user.username if user else user_id

    def __iter__(self) -> Iterator[UserRow]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)
