"""Addresses of notification channels: what they mean, and what may be shown of them."""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

# Plain HTTP with `json` as Apprise calls it; the secure ones check the certificate.
_WEBHOOKS: Final[dict[str, str]] = {"https": "https", "jsons": "https", "http": "http", "json": "http"}
# What Apprise does on the machine it runs on: a notification of the hub's own desktop or log reaches nobody.
_OF_THIS_MACHINE: Final = frozenset(
    {"syslog", "dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "growl", "rsyslog", "file"}
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,31}")
_HIDDEN: Final = "***"


class DestinationError(ValueError):
    """The text is no address of a channel; the message says why and repeats no part of it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a channel leads."""

    kind: Literal["webhook", "apprise"]
    url: str
    """For a webhook http or https, without user and password."""
    shown: str
    username: str | None = None
    password: str = ""


def destination(text: str) -> Destination:
    """Return what an address means.

    Raises:
        DestinationError: No scheme, no host, or a scheme that leads nowhere.
    """
    scheme, separator, rest = text.strip().partition("://")
    scheme = scheme.lower()
    if not separator or not _SCHEME.fullmatch(scheme):
        raise DestinationError("expected https://…, json://host:port/path or an address of Apprise")
    if scheme in _WEBHOOKS:
        return _webhook(scheme, rest)
    if scheme in _OF_THIS_MACHINE:
        raise DestinationError(f"{scheme}:// stays on the hub's own machine")
    if not rest.strip("/ "):
        raise DestinationError(f"nothing after {scheme}://")
    # Of many services the host itself is the secret.
    return Destination("apprise", f"{scheme}://{rest}", f"{scheme}://{_HIDDEN}")


def _webhook(scheme: str, rest: str) -> Destination:
    try:
        parts = urlsplit(f"{_WEBHOOKS[scheme]}://{rest}")
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise DestinationError("it has no valid host and port") from exc
    if not host or any(character.isspace() for character in rest):
        raise DestinationError("it has no valid host and port")
    named = f"[{host}]" if ":" in host else host
    where = named if port is None else f"{named}:{port}"
    is_bare = parts.path in ("", "/") and not parts.query and parts.username is None
    shown = f"{scheme}://{where}{'' if is_bare else '/' + _HIDDEN}"
    plain = SplitResult(parts.scheme, where, parts.path or "/", parts.query, "")
    username = None if parts.username is None else unquote(parts.username)
    return Destination("webhook", plain.geturl(), shown, username, unquote(parts.password or ""))
