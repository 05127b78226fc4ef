"""What other hubs on the same database have changed; on PostgreSQL only, where triggers note it."""

from dataclasses import dataclass

from chatops_server.storage.base import Script, execute, fetch, fetch_one


@dataclass(frozen=True, slots=True)
class Change:
    """The last change of one thing."""

    domain: str
    """Which kind of thing, as the triggers name it."""
    key: str
    """Which of them."""
    version: int


def newest_change() -> Script[int]:
    """Return the version of the newest change, 0 if there was none."""
    row = yield from fetch_one("SELECT coalesce(max(version), 0) FROM hub_changes")
    return int(row[0]) if row else 0


def changes_after(version: int, limit: int) -> Script[list[Change]]:
    """Return what has changed since this version, in the order of the commits; at most `limit`."""
    rows = yield from fetch(
        "SELECT domain, key, version FROM hub_changes WHERE version > $1 ORDER BY version LIMIT $2",
        version,
        limit,
    )
    return [Change(*row) for row in rows]


def drop_old_changes() -> Script[int]:
    """Forget changes that every hub has seen for a month; return how many."""
    return (yield from execute("DELETE FROM hub_changes WHERE changed_at < now() - interval '30 days'"))
