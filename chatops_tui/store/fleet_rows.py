"""What the fleet lists: servers, folded together by tag where somebody wants that, and their totals. Pure."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from chatops_tui.store.models import Health, Row

NO_GROUPS: Final = ""
BY_TAG: Final = "tag"
"""By the first tag of each server."""
NO_TAG: Final = ""
# In a group's id, so that no server has it.
_SEPARATOR: Final = "\x1f"
_KEY: Final = re.compile(r"([^=:\s]+)[=:](.+)")


class GroupRow(msgspec.Struct, frozen=True):
    """The line above the servers of one group; they are hidden while it is folded."""

    tag: str
    """NO_TAG: those that have none. Remote text."""
    members: tuple[Row, ...]
    is_folded: bool

    @property
    def id(self) -> str:
        """The row's id, which no server has."""
        return f"{_SEPARATOR}{self.tag}"


ListedRow = Row | GroupRow


class Totals(msgspec.Struct, frozen=True):
    """Of the servers that are online; None where none of them tells."""

    servers: int
    online: int
    health: Health
    """The most urgent of all."""
    cpu: float | None = None
    """Percent: the mean, and the highest."""
    cpu_most: float | None = None
    memory: float | None = None
    memory_most: float | None = None
    disk_most: float | None = None
    rx: float | None = None
    """Bytes per second, of all together."""
    tx: float | None = None


def groupings(rows: Iterable[Row]) -> list[str]:
    """Return by what servers can be grouped: not at all, by first tag, by each key of `key=value` tags."""
    keys = {found[1] for row in rows for tag in row.tags if (found := _KEY.fullmatch(tag))}
    return [NO_GROUPS, BY_TAG, *sorted(keys)]


def listed(found: Sequence[Row], by: str, folded: Collection[str] = frozenset()) -> list[ListedRow]:
    """Return the rows of the list: servers in their order, group by group; those without a tag last."""
    if by == NO_GROUPS:
        return list(found)
    groups: dict[str, list[Row]] = {}
    for row in found:
        groups.setdefault(_tag_of(row, by), []).append(row)
    rows: list[ListedRow] = []
    for tag in sorted(groups, key=lambda tag: (tag == NO_TAG, tag.casefold())):
        group = GroupRow(tag, tuple(groups[tag]), tag in folded)
        rows.append(group)
        if not group.is_folded:
            rows += group.members
    return rows


def totals(rows: Sequence[Row]) -> Totals:
    """Return what servers do together."""
    online = [row for row in rows if row.view.status == "online"]
    known = [row.vitals for row in online if row.vitals is not None]
    disks = [vitals.disk for vitals in known if vitals.disk is not None]
    cpu, memory = [vitals.cpu for vitals in known], [vitals.memory for vitals in known]
    healths = [row.health for row in rows]
    return Totals(
        servers=len(rows),
        online=len(online),
        health=next((health for health in Health if health in healths), Health.NEVER),
        cpu=_mean(cpu),
        cpu_most=max(cpu, default=None),
        memory=_mean(memory),
        memory_most=max(memory, default=None),
        disk_most=max(disks, default=None),
        rx=_sum([vitals.rx for vitals in known]),
        tx=_sum([vitals.tx for vitals in known]),
    )


def _tag_of(row: Row, by: str) -> str:
    if by == BY_TAG:
        return row.tags[0] if row.tags else NO_TAG
    for tag in row.tags:
        found = _KEY.fullmatch(tag)
        if found is not None and found[1] == by:
            return tag
    return NO_TAG


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
