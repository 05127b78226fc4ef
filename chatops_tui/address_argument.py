"""`chatops web-1/containers/nginx`: a place in the UI where else a command would stand."""

import argparse
from collections.abc import Collection, Sequence

_SIGNS = "/:"


def parted(
    argv: Sequence[str], shared: argparse.ArgumentParser, commands: Collection[str], *, is_terminal: bool
) -> tuple[list[str], str]:
    """Return what is left to parse, and the place; empty: none is named.

    Args:
        argv: What was typed.
        shared: Knows the flags that may stand before a command.
        commands: The words that are none.
        is_terminal: Whether somebody looks on. For a script a single word can only be a command's name.
    """
    if not any(word and not word.startswith("-") for word in argv) or set(argv) & set(commands):
        return list(argv), ""
    _known, words = shared.parse_known_args(list(argv))
    if len(words) != 1 or words[0].startswith("-"):
        return list(argv), ""
    place = words[0]
    if not is_terminal and not any(sign in place for sign in _SIGNS):
        return list(argv), ""
    at = len(argv) - 1 - list(reversed(argv)).index(place)
    return [*argv[:at], *argv[at + 1 :]], place
