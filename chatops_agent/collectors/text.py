"""Text from the operating system, made fit to be sent: valid, printable, without secrets."""

import re
from typing import Final

# C0 and C1 controls, direction overrides and tags could reach somebody's terminal; a lone surrogate
# stands for a byte that was no UTF-8 and cannot be encoded. The UI neutralises once more.
_UNFIT: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
# A label of a metric stands in names, URLs and database keys; no mount or sensor needs more.
MAX_LABEL: Final = 255
MAX_COMMAND: Final = 200

# What the name of a secret holds; up to 40 more characters around it. Every repetition here has a bound, as
# anybody's process may choose a command line that would keep an unbounded one busy for seconds.
_TELLING: Final = (
    r"(?:passw(?:or)?d|passphrase|secret|token|credential|"
    r"(?:api|access|private|auth|encryption|signing)[-_]?key)[\w.-]{0,40}"
)
_FLAG: Final = rf"(?:^|[\s\0])--?[\w.-]{{0,40}}?{_TELLING}"
# Words are separated by NUL here, as in /proc/<pid>/cmdline, so a secret with blanks goes as a whole.
_SECRETS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), kept)
    for pattern, kept in (
        # password=x, --api-key=x, TOKEN: x, also quoted
        (rf"({_TELLING}\s{{0,3}}[=:]\s{{0,3}})(?:\"[^\"\0]*\"|'[^'\0]*'|[^\s\0&;,\"']+)", r"\1***"),
        # --token x: the whole next word
        (rf"({_FLAG}\0)[^\0-][^\0]*", r"\1***"),
        (rf"({_FLAG}\s{{1,3}})[^\s\0-][^\s\0]*", r"\1***"),
        # postgres://user:x@host
        (r"(://[^/\s:@\0]{0,80}:)[^@\s\0]{1,200}@", r"\1***@"),
        # Authorization: Bearer x
        (r"\b((?:bearer|basic)\s+)[^\s\0\"']+", r"\1***"),
        # curl -u user:x
        (r"((?:^|[\s\0])(?:-u|--user|--proxy-user)[\s\0=]{0,3}[^\s\0:]{1,200}:)[^\s\0]+", r"\1***"),
        # mysql -px, sshpass -p x
        (r"(^(?:[^\0]*/)?(?:mysql|mariadb)[\w-]*(?:\0[^\0]*)*?\0-p)[^\0]+", r"\1***"),
        (r"(^(?:[^\0]*/)?sshpass(?:\0[^\0]*)*?\0-p\0?)[^\0]+", r"\1***"),
        # our own keys, wherever they stand
        (r"(chops_)[a-z2-7]{10}_[a-z0-9_]+", r"\1***"),
    )
)


def clean(text: str, limit: int = MAX_LABEL) -> str:
    """Return `text` as valid, printable Unicode of at most `limit` characters."""
    cut = text[:limit]
    return cut if cut.isprintable() else _UNFIT.sub(_REPLACEMENT, cut)


def command_line(raw: bytes) -> str:
    """Return a command line as it may be shown: secrets replaced by `***`, at most MAX_COMMAND characters.

    Args:
        raw: Words separated by NUL; a process that renamed itself has one word and blanks.
    """
    words = without_secrets(raw.decode("utf-8", "replace").rstrip("\0 "))
    return clean(words.replace("\0", " "), MAX_COMMAND)


def without_secrets(words: str) -> str:
    """Return words separated by NUL, or text, with what looks like a secret replaced by `***`."""
    for secret, kept in _SECRETS:
        words = secret.sub(kept, words)
    return words
