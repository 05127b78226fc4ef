"""The form of an agent's API key: `chops_<id>_<secret>_<checksum>`; of an enrolment token: `chope_` likewise.

The id finds the row, the secret proves the holder, the checksum tells a typo from a refusal without
asking the hub (and lets secret scanners recognise the form).
"""

import re
import zlib
from base64 import b32encode
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "chops_"
ENROL_PREFIX: Final = "chope_"
ID_BYTES: Final = 6
SECRET_BYTES: Final = 32
_FORM: Final = re.compile(r"(chop[se]_)([a-z2-7]{10})_([a-z2-7]{52})_([0-9a-f]{8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in its parts."""

    id: str
    secret: str
    kind: str = PREFIX

    @property
    def text(self) -> str:
        """The whole key, as a person copies it."""
        body = f"{self.kind}{self.id}_{self.secret}"
        return f"{body}_{zlib.crc32(body.encode()):08x}"

    @property
    def prefix(self) -> str:
        """What may be shown later to tell keys apart."""
        return f"{self.kind}{self.id}"


def make(entropy: bytes, kind: str = PREFIX) -> ApiKey:
    """Return a new key, or with ENROL_PREFIX a token, from ID_BYTES + SECRET_BYTES random bytes."""
    if len(entropy) != ID_BYTES + SECRET_BYTES:
        raise ValueError(f"a key takes {ID_BYTES + SECRET_BYTES} random bytes")
    return ApiKey(_text(entropy[:ID_BYTES]), _text(entropy[ID_BYTES:]), kind)


def parse(text: str, kind: str = PREFIX) -> ApiKey | None:
    """Return the key's (or token's) parts, or None when it is none of ours or was mistyped."""
    match = _FORM.fullmatch(text)
    if match is None or match[1] != kind:
        return None
    key = ApiKey(match[2], match[3], kind)
    return key if key.text == text else None


def _text(raw: bytes) -> str:
    return b32encode(raw).decode().rstrip("=").lower()
