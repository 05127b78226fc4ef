"""Hypothesis strategies for our wire types, built from what msgspec knows about them."""

import re
from typing import Any, Final

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

_INT64: Final = 2**63
_MOST: Final = 3
_TEXT: Final = st.text(max_size=20)
_JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-_INT64, _INT64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=_MOST) | st.dictionaries(_TEXT, inner, max_size=_MOST),
    max_leaves=5,
)
_PLAIN: Final[dict[type[inspect.Type], st.SearchStrategy[Any]]] = {
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
    inspect.BytesType: st.binary(max_size=20),
    inspect.AnyType: _JSON,
    inspect.RawType: _JSON.map(msgspec.json.encode).map(msgspec.Raw),
}


def instances(kind: object) -> st.SearchStrategy[Any]:
    """Return values that `kind` (a Struct, or anything its fields are made of) admits on the wire.

    Numbers are finite, integers fit 64 bits and lists are short: what JSON and the limits allow.
    """
    return _of(inspect.type_info(kind))


def _of(info: inspect.Type) -> st.SearchStrategy[Any]:
    while isinstance(info, inspect.Metadata):
        info = info.type
    match info:
        case inspect.StructType(fields=fields):
            return _structs(info.cls, fields)
        case inspect.UnionType(types=types):
            return st.one_of([_of(each) for each in types])
        case inspect.VarTupleType(item_type=item, min_length=least):
            return st.lists(_of(item), min_size=least or 0, max_size=_MOST).map(tuple)
        case inspect.TupleType(item_types=items):
            return st.tuples(*[_of(item) for item in items])
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_of(key), _of(value), max_size=_MOST)
        case _:
            return _scalar(info)


def _structs(cls: type[msgspec.Struct], fields: tuple[inspect.Field, ...]) -> st.SearchStrategy[Any]:
    needed = {field.name: _of(field.type) for field in fields if field.required}
    optional = {field.name: _of(field.type) for field in fields if not field.required}
    return st.fixed_dictionaries(needed, optional=optional).map(lambda values: cls(**values))


def _scalar(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.IntType():
            return _integers(info)
        case inspect.FloatType(gt=above, ge=least, le=most):
            low = least if above is None else above
            return st.floats(low, most, exclude_min=above is not None, allow_nan=False, allow_infinity=False)
        case inspect.StrType():
            return _texts(info)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case _:
            return _PLAIN[type(info)]


def _integers(info: inspect.IntType) -> st.SearchStrategy[int]:
    least = -_INT64 if info.ge is None else info.ge
    return st.integers(least, _INT64 - 1 if info.le is None else info.le)


def _texts(info: inspect.StrType) -> st.SearchStrategy[str]:
    least, most = info.min_length or 0, min(info.max_length or 20, 20)
    if info.pattern is None:
        return st.text(min_size=least, max_size=max(least, most))
    longest = info.max_length or 20
    return st.from_regex(re.compile(info.pattern)).filter(lambda text: least <= len(text) <= longest)
