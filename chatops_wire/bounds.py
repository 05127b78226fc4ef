"""Brings what a machine says of itself within the bounds of the protocol, instead of refusing it.

An agent keeps a sample until it is acknowledged: one that is refused comes again, and again. So what the
types of `quantities` mark is cut or clamped, and how much was is counted; what is no measurement, such as a
sequence or an id, is left as it is and refused. Nothing here runs for a message within its bounds.
"""

from collections.abc import Callable
from typing import Any

from msgspec import inspect

from chatops_wire.quantities import CLAMP

Clamp = Callable[[Any], tuple[Any, int]]
"""Returns a decoded JSON value within bounds, and how many values were brought there."""


def clamp_of(kind: object) -> Clamp:
    """Return what brings the messages of a union of tagged Structs within their bounds."""
    told = inspect.type_info(kind)
    members = told.types if isinstance(told, inspect.UnionType) else (told,)
    by_tag = {str(each.tag): _of(each) for each in members if isinstance(each, inspect.StructType)}

    def clamp(message: Any) -> tuple[Any, int]:  # noqa: ANN401 - decoded JSON
        known = by_tag.get(str(message.get("type"))) if isinstance(message, dict) else None
        return known(message) if known else (message, 0)

    return clamp


def clamp_of_struct(kind: object) -> Clamp:
    """Return what brings one Struct, told as an object without a tag, within its bounds."""
    return _of(inspect.type_info(kind)) or _as_it_is


def _as_it_is(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - decoded JSON
    return value, 0


def _of(info: inspect.Type, *, marked: bool = False) -> Clamp | None:
    """Return what clamps values of a type; None where it has no marked bounds."""
    match info:
        case inspect.Metadata(type=inner, extra=extra):
            return _of(inner, marked=bool(extra and extra.get(CLAMP)))
        case inspect.UnionType(types=types):
            return _union([_of(each) for each in types])
        case inspect.StructType(fields=fields):
            parts = {field.encode_name: _of(field.type) for field in fields}
            return _struct({name: part for name, part in parts.items() if part})
        case inspect.VarTupleType(item_type=item, max_length=most):
            return _list(_of(item), most if marked else None)
        case inspect.TupleType(item_types=(item, *_)):
            return _list(_of(item), None)
        case _:
            return _scalar(info) if marked else None


def _scalar(info: inspect.Type) -> Clamp | None:
    match info:
        case inspect.StrType(max_length=most) if most is not None:
            return _text(most)
        case inspect.IntType(ge=least, le=most) if least is not None and most is not None:
            return _number(least, most, int)
        case inspect.FloatType(ge=least, le=most) if least is not None and most is not None:
            return _number(least, most, (int, float))
        case _:
            return None


def _text(most: int) -> Clamp:
    def clamp(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - decoded JSON
        return (value[:most], 1) if isinstance(value, str) and len(value) > most else (value, 0)

    return clamp


def _number(least: float, most: float, kinds: type | tuple[type, ...]) -> Clamp:
    def clamp(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - decoded JSON
        number: float = value
        # `True` is an int to Python; to JSON it is no number, and is refused as such.
        if isinstance(value, bool) or not isinstance(value, kinds):
            return value, 0
        kept = max(least, min(number, most))
        return kept, int(kept != number)

    return clamp


def _union(parts: list[Clamp | None]) -> Clamp | None:
    # Each part leaves what is not of its kind as it is; a whole number fits the part for whole ones first,
    # and what that leaves is within the bounds of the one for fractions too.
    clamps = [part for part in parts if part]
    if not clamps:
        return None

    def clamp(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - decoded JSON
        for part in clamps:
            kept, cut = part(value)
            if cut:
                return kept, cut
        return value, 0

    return clamp if len(clamps) > 1 else clamps[0]


def _struct(parts: dict[str, Clamp]) -> Clamp | None:
    def clamp(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - decoded JSON
        if not isinstance(value, dict):
            return value, 0
        changes: dict[str, Any] = {}
        count = 0
        for name, part in parts.items():
            if name in value:
                kept, cut = part(value[name])
                if cut:
                    changes[name] = kept
                    count += cut
        return ({**value, **changes} if changes else value), count

    return clamp if parts else None


def _list(part: Clamp | None, most: int | None) -> Clamp | None:
    def clamp(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - decoded JSON
        if not isinstance(value, list):
            return value, 0
        kept = value if most is None else value[:most]
        count = len(value) - len(kept)
        if part:
            pairs = [part(item) for item in kept]
            kept = [item for item, _ in pairs]
            count += sum(cut for _, cut in pairs)
        return kept, count

    return clamp if part or most is not None else None
