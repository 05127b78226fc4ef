"""What is said of a body that cannot be used."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.errors import InvalidRequestError
from chatops_server.web.bodies import decode, explained
from chatops_wire.rest import ServerCreate, UserCreate


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Expected `str`, got `int` - at `$.username`", "username: expected `str`, got `int`"),
        ("Object missing required field `password`", "password: it is missing"),
        ("Object missing required field `b` - at `$.a[0]`", "a[0].b: it is missing"),
        ("Expected `object`, got `array`", "expected `object`, got `array`"),
    ],
)
def test_the_field_stands_in_front(message: str, expected: str) -> None:
    assert explained(message) == expected


@given(st.binary(max_size=200))
def test_only_one_kind_of_error_comes_out_of_any_bytes(raw: bytes) -> None:
    for kind in (ServerCreate, UserCreate):
        with suppress(InvalidRequestError):
            decode(raw, kind)
