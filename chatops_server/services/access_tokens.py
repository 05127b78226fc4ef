"""Access tokens: signed claims, checked without a database (RFC 8725, RFC 9068)."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Final

import jwt

from chatops_server.errors import TokenError
from chatops_server.services.signing_keys import KeyRing
from chatops_wire.codes import ErrorCode

ACCESS_TOKEN_S: Final = 1800
_ALGORITHM: Final = "HS256"
_ISSUER: Final = "chatops"
_AUDIENCE: Final = "chatops-hub"
_TYPE: Final = "at+jwt"
_REQUIRED: Final = ("iss", "aud", "sub", "jti", "iat", "nbf", "exp", "ver", "sid")
# Hubs that share a secret have clocks of their own; expiry gets no such grace.
_CLOCK_SKEW_S: Final = 30


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says."""

    user_id: str
    token_version: int
    session_id: str
    """The login it goes back to."""
    expires_ms: int


class AccessTokens:
    """Issues tokens with the newest key of a ring, and checks them by the one they name."""

    def __init__(self, ring: KeyRing, now_ms: Callable[[], int]) -> None:
        self._ring = ring
        self._now_ms = now_ms

    def issue(self, user_id: str, token_version: int, session_id: str) -> str:
        """Return a token that ends in ACCESS_TOKEN_S seconds."""
        now_s = self._now_ms() // 1000
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": user_id,
            "jti": token_hex(12),
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + ACCESS_TOKEN_S,
            "ver": token_version,
            "sid": session_id,
        }
        key = self._ring.current
        headers = {"typ": _TYPE, "kid": key.kid}
        return jwt.encode(claims, key.secret, algorithm=_ALGORITHM, headers=headers)

    def verify(self, token: str) -> Claims:
        """Return what the token says.

        Raises:
            TokenError: Not ours, tampered with, of another kind, not yet valid, or expired.
        """
        claims = self._decoded(token)
        now_s = self._now_ms() / 1000
        expires_s, not_before_s, version = claims["exp"], claims["nbf"], claims["ver"]
        if not all(isinstance(value, int) for value in (expires_s, not_before_s, version)):
            raise TokenError("the access token is not valid")
        if not_before_s > now_s + _CLOCK_SKEW_S:
            raise TokenError("the access token is not valid yet")
        if expires_s <= now_s:
            raise TokenError("the access token has expired", ErrorCode.TOKEN_EXPIRED)
        return Claims(claims["sub"], version, str(claims["sid"]), expires_s * 1000)

    def _decoded(self, token: str) -> dict[str, Any]:
        # Times are checked by the caller, with the injected clock.
        options: Any = {
            "require": list(_REQUIRED),
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
        }
        try:
            # Read before it is checked, and used for nothing but to choose among keys of ours.
            kid = jwt.get_unverified_header(token).get("kid")
            key = self._ring.find(kid, self._now_ms())
            if key is None:
                raise TokenError("the access token is not valid")
            whole = jwt.decode_complete(
                token,
                key.secret,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options=options,
            )
        except (jwt.InvalidTokenError, ValueError) as exc:
            raise TokenError("the access token is not valid") from exc
        if whole["header"].get("typ") != _TYPE:
            raise TokenError("the access token is not valid")
        payload: dict[str, Any] = whole["payload"]
        return payload
