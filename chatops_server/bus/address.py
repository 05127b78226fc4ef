"""Where NATS is; needs no driver, so that settings can be read without one."""

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from chatops_server.bus.subjects import is_subject
from chatops_wire.settings import SettingError

# tls:// is NATS with TLS from the first byte on, as the driver writes it.
SCHEMES: Final = frozenset({"nats", "tls"})
_DEFAULT_SPACE: Final = "chatops"
_EXPECTED: Final = "expected nats://HOST:PORT, several with commas"


@dataclass(frozen=True, slots=True)
class NatsAddress:
    """The addresses of one bus; its text shows no password."""

    # Not in the representation: they may hold passwords.
    urls: tuple[str, ...] = field(repr=False)
    space: str = _DEFAULT_SPACE
    """What every subject begins with: hubs of different databases on one NATS do not hear each other."""

    def __str__(self) -> str:
        """Return the addresses without passwords."""
        return ",".join(_shown(url) for url in self.urls)


def parsed(setting: str, named: str = "--bus") -> NatsAddress:
    """Return what a setting, `named` so, names: `nats://HOST:PORT[/SPACE]`, several with commas.

    Raises:
        SettingError: It names no bus, or the driver is not installed.
    """
    parts = [_split(url.strip(), named) for url in setting.split(",")]
    spaces = {part.path.strip("/") for part in parts} - {""}
    if len(spaces) > 1 or not all(map(is_subject, spaces)):
        raise SettingError(f"{named}: expected one space of letters, digits, - and _ after the port")
    if find_spec("nats") is None:
        raise SettingError(f"{named}: no NATS: .venv/bin/pip install '.[nats]' in the clone")
    urls = tuple(urlunsplit((part.scheme, part.netloc, "", "", "")) for part in parts)
    return NatsAddress(urls, spaces.pop() if spaces else _DEFAULT_SPACE)


def _split(url: str, named: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as exc:
        raise SettingError(f"{named}: {_EXPECTED}") from exc
    if parts.scheme not in SCHEMES or not parts.hostname or parts.query or parts.fragment:
        raise SettingError(f"{named}: {_EXPECTED}")
    return parts


def _shown(url: str) -> str:
    # A token stands where a user would.
    return re.sub(r"//[^@/]*@", "//***@", url)
