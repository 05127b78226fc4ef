"""Queries and pages."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from chatops_server.errors import InvalidRequestError
from chatops_server.web.asking import Query, page, sliced
from chatops_wire.times import format_ms


def _query(**values: str) -> Query:
    return Query(MultiDict(values))


@given(st.lists(st.integers(0, 10**6), unique=True).map(sorted), st.integers(1, 20))
def test_pages_put_together_are_the_list(items: list[int], limit: int) -> None:
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        after = _query(cursor=cursor).cursor(int, -1)
        part = sliced(items, lambda item: item, after, limit)
        assert len(part.items) <= limit
        seen += part.items
        cursor = part.next
    assert seen == items


@given(st.tuples(st.integers(-(2**63) + 1, 2**63 - 1), st.text()))
def test_a_cursor_comes_back_as_it_went(position: tuple[int, str]) -> None:
    following = page([], position).next
    assert following is not None
    assert _query(cursor=following).cursor(tuple[int, str], (0, "")) == position


@given(st.text())
def test_no_text_makes_a_cursor_fail_otherwise(text: str) -> None:
    for kind in (int, str, tuple[int, str]):
        with suppress(InvalidRequestError):
            _query(cursor=text).cursor(kind, None)


@given(st.integers(0, 253_402_300_799_999))
def test_a_moment_may_be_text_or_number(unix_ms: int) -> None:
    assert _query(at=str(unix_ms)).moment_ms("at", 0) == unix_ms
    assert _query(at=format_ms(unix_ms)).moment_ms("at", 0) == unix_ms


@pytest.mark.parametrize("text", ["x", "2026-01-01", "2026-01-01T00:00:00", "-1", "1e3", "9" * 18, "٣"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"^at: "):
        _query(at=text).moment_ms("at", 0)
