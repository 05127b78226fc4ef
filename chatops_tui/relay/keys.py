"""The one key that a relay keeps for itself: ctrl+], which leaves the remote shell running. Pure."""

import re
from typing import Final

# ctrl+] as a byte; as kitty's protocol tells it when a remote program has asked for that (with any of caps
# lock, num lock; pressed or repeated, not released); as xterm's modifyOtherKeys does. And a paste's brackets.
_INTERESTING: Final = re.compile(
    rb"(?P<key>\x1d|\x1b\[93(?::\d*)*;(?:5|69|133|197)(?::[12])?(?:;\d*)?u|\x1b\[27;5;93~)"
    rb"|(?P<paste>\x1b\[200~)|(?P<pasted>\x1b\[201~)"
)
# A bracket of a paste may come in two parts.
_LONGEST_PART: Final = 5


class DetachKey:
    """Watches what is typed. What is pasted never counts, whatever is in it."""

    def __init__(self) -> None:
        self._before = b""
        self._is_pasting = False

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Return what goes to the remote shell, and whether the key was pressed after it.

        What was typed after the key is dropped.
        """
        stream = self._before + data
        start = len(self._before)
        for found in _INTERESTING.finditer(stream):
            if found["key"] is None:
                self._is_pasting = found["paste"] is not None
            elif not self._is_pasting and found.end() > start:
                self._before = b""
                return stream[start : max(start, found.start())], True
        self._before = stream[-_LONGEST_PART:]
        return data, False
