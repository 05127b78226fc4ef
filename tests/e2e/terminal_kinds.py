"""Which kinds of sequences a program wrote to a terminal."""

import re
from typing import Final

# Introducer, parameters and final byte; strings with what they are for; two-character escapes; other
# controls, C1 among them; and what has no width, or turns the direction of what follows.
_SEQUENCE: Final = re.compile(
    r"\x1b\[(?P<csi>(?P<private>[<=>?]?)(?P<numbers>[0-9;:]*)[ -/]*(?P<final>[@-~]))"
    r"|\x1b(?P<string>[\]PX^_])(?P<body>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b(?P<escape>[ -/]*[0-~])"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
    "|(?P<unseen>[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff])"
)


def kinds_in(written: bytes) -> set[str]:
    """Return the kinds, in words; invalid UTF-8 counts as one."""
    return {_kind(match) for match in _SEQUENCE.finditer(written.decode(errors="surrogateescape"))}


def _kind(match: re.Match[str]) -> str:
    found = match.groupdict()
    if found["csi"]:
        # Modes are few and each means something; positions and colours are many and mean one thing.
        return f"CSI {found['csi'] if found['private'] else found['final']}"
    if found["string"]:
        return f"ESC {found['string']} {found['body'].partition(';')[0]}"
    return f"ESC {found['escape']}" if found["escape"] else repr(found["control"] or found["unseen"])
