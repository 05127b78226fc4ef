"""A file of thresholds against those the hub has: what is new, what differs, what is not named. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import structs

from chatops_tui.store.alert_texts import WrongTextError
from chatops_tui.store.targets import target
from chatops_tui.store.threshold_texts import PARTS, Part, Target, changed_fields, difference, threshold
from chatops_wire.rest_alerts import ThresholdCreate, ThresholdPatch, ThresholdView

_TABLES: Final = ("threshold", "thresholds")
# What may stand in a file instead of `on`.
_PLACES: Final = ("server", "select")
_OWN_KEYS: Final = frozenset({*PARTS, *_PLACES, "enabled"})
_WIRE_KEYS: Final = frozenset(ThresholdCreate.__struct_fields__)


@dataclass(frozen=True, slots=True)
class Change:
    """One threshold that differs."""

    before: ThresholdView
    patch: ThresholdPatch

    @property
    def fields(self) -> dict[str, tuple[object, object]]:
        """What each field is and is to be."""
        return {
            name: (getattr(self.before, name), value) for name, value in changed_fields(self.patch).items()
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done so that the hub has what the file says."""

    create: tuple[ThresholdCreate, ...]
    change: tuple[Change, ...]
    same: tuple[ThresholdView, ...]
    unmanaged: tuple[ThresholdView, ...]
    """What the file does not name."""

    @property
    def is_empty(self) -> bool:
        """Nothing has to be created or changed."""
        return not self.create and not self.change


def wanted(document: Mapping[str, Any], names: Mapping[str, str]) -> tuple[ThresholdCreate, ...]:
    """Return the thresholds a file describes.

    Args:
        document: The file, as TOML gives it.
        names: Of servers, by id.

    Raises:
        WrongTextError: Something in it is not understood; the text says where.
    """
    strangers = sorted(set(document) - set(_TABLES))
    if strangers:
        raise WrongTextError(f"unknown table {strangers[0]!r}: thresholds are [[threshold]]")
    entries = [entry for table in _TABLES for entry in _list(document.get(table, []))]
    found = tuple(_one(entry, at, names) for at, entry in enumerate(entries, 1))
    seen: set[str] = set()
    for one in found:
        if one.name in seen:
            raise WrongTextError(f"two thresholds are called {one.name!r}")
        seen.add(one.name)
    return found


def plan(described: Sequence[ThresholdCreate], known: Sequence[ThresholdView]) -> Plan:
    """Return what has to be done; WrongTextError where two of the hub's have a name that is meant."""
    by_name: dict[str, list[ThresholdView]] = {}
    for view in known:
        by_name.setdefault(view.name, []).append(view)
    create: list[ThresholdCreate] = []
    change: list[Change] = []
    same: list[ThresholdView] = []
    for one in described:
        before = by_name.pop(one.name, [])
        if len(before) > 1:
            raise WrongTextError(f"{len(before)} thresholds of the hub are called {one.name!r}")
        if not before:
            create.append(one)
            continue
        patch = difference(before[0], one)
        if changed_fields(patch):
            change.append(Change(before[0], patch))
        else:
            same.append(before[0])
    unmanaged = [view for views in by_name.values() for view in views]
    return Plan(tuple(create), tuple(change), tuple(same), tuple(unmanaged))


def _list(found: object) -> list[Mapping[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise WrongTextError("thresholds are tables: [[threshold]]")
    return found


def _one(entry: Mapping[str, Any], at: int, names: Mapping[str, str]) -> ThresholdCreate:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise WrongTextError(f"threshold {at} has no name, by which it is known again")
    try:
        return _from_texts(entry, names) if "when" in entry else _from_wire(entry, names)
    except WrongTextError as exc:
        raise WrongTextError(f"{name.strip()!r}: {exc}") from exc


def _from_texts(entry: Mapping[str, Any], names: Mapping[str, str]) -> ThresholdCreate:
    """Return an entry that is written as people type it."""
    _know(entry, _OWN_KEYS)
    texts: dict[Part, str] = {part: _text(entry[part], part) for part in PARTS if part in entry}
    made = threshold(texts, lambda text: _place(entry, text, names))
    enabled = entry.get("enabled", True)
    if not isinstance(enabled, bool):
        raise WrongTextError("enabled: true or false")
    return structs.replace(made, enabled=enabled)


def _from_wire(entry: Mapping[str, Any], names: Mapping[str, str]) -> ThresholdCreate:
    """Return an entry that is written with the names REST has."""
    if "metric" not in entry:
        raise WrongTextError("when: it is missing")
    _know(entry, _WIRE_KEYS | {"server", "on"})
    server_id, select = _place(entry, _text(entry.get("on", ""), "on"), names)
    fields = {name: value for name, value in entry.items() if name in _WIRE_KEYS}
    own = {"server_id": entry.get("server_id", server_id), "select": entry.get("select", select)}
    try:
        return msgspec.convert({**fields, **own}, ThresholdCreate)
    except msgspec.ValidationError as exc:
        raise WrongTextError(str(exc)) from exc


def _place(entry: Mapping[str, Any], on: str, names: Mapping[str, str]) -> Target:
    server = entry.get("server")
    if server is None:
        return (None, _text(entry["select"], "select")) if "select" in entry else target(on, names)
    server_id, select = target(_text(server, "server"), names)
    if server_id is None:
        raise WrongTextError(f"server: no server, or more than one, is called {select!r}")
    return server_id, ""


def _know(entry: Mapping[str, Any], known: frozenset[str]) -> None:
    strangers = sorted(set(entry) - known)
    if strangers:
        raise WrongTextError(f"unknown key {strangers[0]!r}, known are {', '.join(sorted(known))}")


def _text(value: object, key: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise WrongTextError(f"{key}: a text or a number")
