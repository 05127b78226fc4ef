"""Where a PostgreSQL database is; needs no driver, so that settings can be read without one."""

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from chatops_wire.settings import SettingError

SCHEMES: Final = frozenset({"postgresql", "postgres"})


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """The address of a database; its text shows no password."""

    # Not in the representation: it may hold a password.
    url: str = field(repr=False)

    def __str__(self) -> str:
        """Return the address without a password."""
        parts = urlsplit(self.url)
        shown = urlunsplit(parts._replace(netloc=re.sub(r":[^:@]*@", "@", parts.netloc)))
        return re.sub(r"((?:^|[?&])(?:ssl)?password=)[^&]*", r"\1***", shown)


def parsed(setting: str, named: str = "--database") -> PostgresUrl:
    """Return the address a setting, `named` so, names.

    Raises:
        SettingError: It names no database, or the driver is not installed.
    """
    try:
        parts = urlsplit(setting)
        _ = parts.port
    except ValueError as exc:
        raise SettingError(f"{named}: expected postgresql://USER@HOST:PORT/NAME") from exc
    if parts.scheme not in SCHEMES or not parts.path.strip("/"):
        raise SettingError(f"{named}: expected postgresql://USER@HOST:PORT/NAME")
    if find_spec("asyncpg") is None:
        raise SettingError(f"{named}: no PostgreSQL: .venv/bin/pip install '.[postgres]' in the clone")
    return PostgresUrl(setting)
