"""API keys: read back what was made, and tell a typo without asking the hub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_wire.keys import ID_BYTES, SECRET_BYTES, make, parse

ENTROPY = st.binary(min_size=ID_BYTES + SECRET_BYTES, max_size=ID_BYTES + SECRET_BYTES)
KEY = make(bytes(range(ID_BYTES + SECRET_BYTES)))


@given(ENTROPY)
def test_a_key_is_read_back_in_its_parts(entropy: bytes) -> None:
    key = make(entropy)
    assert key == parse(key.text)


@given(ENTROPY, ENTROPY)
def test_different_randomness_makes_different_keys(one: bytes, other: bytes) -> None:
    assert (one == other) == (make(one).text == make(other).text)


@given(position=st.integers(0, len(KEY.text) - 1), letter=st.characters(codec="utf-8"))
def test_one_wrong_character_is_seen(position: int, letter: str) -> None:
    text = KEY.text[:position] + letter + KEY.text[position + 1 :]
    assert (text == KEY.text) == (parse(text) is not None)


@given(position=st.integers(0, len(KEY.text) - 2))
def test_two_characters_swapped_are_seen(position: int) -> None:
    text = KEY.text
    swapped = text[:position] + text[position + 1] + text[position] + text[position + 2 :]
    assert (swapped == text) == (parse(swapped) is not None)


@pytest.mark.parametrize(
    "text", ["", "chops_", KEY.text[:-1], KEY.text + "0", KEY.text + "\n", KEY.text.upper()]
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert parse(text) is None


@given(st.text())
def test_any_text_at_all_may_be_asked_about(text: str) -> None:
    assert parse(text) is None


def test_what_is_shown_later_does_not_tell_the_secret() -> None:
    assert KEY.text.startswith(KEY.prefix)
    assert KEY.secret not in KEY.prefix


@pytest.mark.parametrize("size", [0, ID_BYTES + SECRET_BYTES - 1, ID_BYTES + SECRET_BYTES + 1])
def test_too_little_or_too_much_randomness_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="38 random bytes"):
        make(bytes(size))
