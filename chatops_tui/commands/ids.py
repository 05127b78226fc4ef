"""Which one somebody means who types an id in part, or a name."""

from collections.abc import Mapping, Sequence
from typing import Final

# An id in full is for scripts; this much tells some thousand apart.
SHORT_ID: Final = 12


class NoSuchOneError(Exception):
    """None, or more than one, is called that; the text is a sentence."""


def whole_id(typed: str, known: Sequence[str]) -> str:
    """Return the id that begins as was typed; one that is not known is left to the hub; NoSuchOneError."""
    if typed in known:
        return typed
    found = [one for one in known if one.startswith(typed)]
    if len(found) > 1:
        raise NoSuchOneError(f"{typed}: {len(found)} ids begin so, type more of it")
    return found[0] if found else typed


def named_id(typed: str, names: Mapping[str, str], kind: str) -> str:
    """Return the id of what is called so, by its name, its id, or the beginning of that; NoSuchOneError.

    Args:
        typed: A name, or an id.
        names: By id.
        kind: What they are, for the sentence: threshold, channel.
    """
    same = [item_id for item_id, name in names.items() if name == typed]
    if typed in names or len(same) == 1:
        return typed if typed in names else same[0]
    if len(same) > 1:
        raise NoSuchOneError(f"{len(same)} {kind}s are called {typed!r}; say which: {', '.join(same)}")
    found = [item_id for item_id in names if item_id.startswith(typed)]
    if len(found) != 1:
        raise NoSuchOneError(f"no {kind} is called {typed!r}: `chatops {kind}s` shows them")
    return found[0]
