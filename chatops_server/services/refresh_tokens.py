"""Refresh tokens: used once, each followed by the next, all of one login ended together.

Opaque: 256 random bits whose SHA-256 is stored. A token that comes back after it was used has been
copied, so its whole family ends; two uses at the same moment are no different.
"""

from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Final

from chatops_server.storage.base import Script
from chatops_server.storage.sql.login_sessions import end_login_session, use_login_session
from chatops_server.storage.sql.users import (
    RefreshRow,
    UserRow,
    add_refresh_token,
    refresh_token,
    use_refresh_token,
    user,
)

REFRESH_TOKEN_MS: Final = 7 * 24 * 3600 * 1000
FAMILY_MS: Final = 30 * 24 * 3600 * 1000
_PREFIX: Final = "chopr_"


class Refusal(Enum):
    """Why a refresh token gives nothing."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REUSED = "reused"


@dataclass(frozen=True, slots=True)
class Rotation:
    """What came of one use: `refusal` is None when the successor is stored."""

    user: UserRow | None
    refusal: Refusal | None = None
    session_id: str = ""


def new_token() -> str:
    """Return the text of a new refresh token."""
    return _PREFIX + token_urlsafe(32)


def token_id(text: str) -> str:
    """Return what is stored of a token."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def first_of_family(text: str, user_id: str, now_ms: int) -> RefreshRow:
    """Return the row of the token a login gives."""
    return RefreshRow(
        id=token_id(text),
        family=token_hex(12),
        user_id=user_id,
        created_ms=now_ms,
        expires_ms=now_ms + REFRESH_TOKEN_MS,
        family_ends_ms=now_ms + FAMILY_MS,
    )


def rotate(used: str, successor: str, now_ms: int, address: str | None) -> Script[Rotation]:
    """Spend the token `used` for `successor` (both as ids), or end the session it was copied from."""
    row = yield from refresh_token(used)
    if row is None:
        return Rotation(None, Refusal.UNKNOWN)
    owner = yield from user(row.user_id)
    if row.used_ms is not None:
        yield from end_login_session(row.family, now_ms)
        return Rotation(owner, Refusal.REUSED, row.family)
    if row.expires_ms <= now_ms:
        return Rotation(owner, Refusal.EXPIRED)
    if owner is None or not owner.active:
        return Rotation(owner, Refusal.UNKNOWN)
    yield from use_refresh_token(used, successor, now_ms)
    yield from add_refresh_token(
        replace(
            row,
            id=successor,
            created_ms=now_ms,
            expires_ms=min(now_ms + REFRESH_TOKEN_MS, row.family_ends_ms),
        )
    )
    yield from use_login_session(row.family, now_ms, address)
    return Rotation(owner, session_id=row.family)


def holder(text: str) -> Script[UserRow | None]:
    """Return whose token it is, used ones included; None for an unknown token."""
    row = yield from refresh_token(token_id(text))
    return (yield from user(row.user_id)) if row else None


def end_session(text: str, now_ms: int) -> Script[str | None]:
    """End the session of a token and return it; None for an unknown token."""
    row = yield from refresh_token(token_id(text))
    if row is None:
        return None
    yield from end_login_session(row.family, now_ms)
    return row.family
