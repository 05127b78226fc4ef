"""Access tokens: only ours, only this kind, only in their time."""

from typing import Any

import jwt
import pytest

from chatops_server.errors import TokenError
from chatops_server.services.access_tokens import ACCESS_TOKEN_S, AccessTokens
from chatops_wire.codes import ErrorCode

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of this file only
NOW_S = 1_700_000_000


class Clock:
    def __init__(self) -> None:
        self.now_ms = NOW_S * 1000

    def __call__(self) -> int:
        return self.now_ms


def _claims(**changed: object) -> dict[str, Any]:
    claims = {
        "iss": "chatops",
        "aud": "chatops-hub",
        "sub": "usr_1",
        "jti": "1",
        "iat": NOW_S,
        "nbf": NOW_S,
        "exp": NOW_S + 60,
        "ver": 1,
        "sid": "ses_1",
    }
    return {name: value for name, value in (claims | changed).items() if value is not None}


def _token(
    claims: dict[str, Any], typ: str = "at+jwt", secret: str = SECRET, algorithm: str = "HS256"
) -> str:
    return jwt.encode(claims, secret, algorithm=algorithm, headers={"typ": typ})


def test_what_is_issued_is_accepted_until_it_expires() -> None:
    clock = Clock()
    tokens = AccessTokens(SECRET, clock)
    token = tokens.issue("usr_1", 7, "ses_1")
    claims = tokens.verify(token)
    assert (claims.user_id, claims.token_version) == ("usr_1", 7)
    assert claims.expires_ms == (NOW_S + ACCESS_TOKEN_S) * 1000
    clock.now_ms = claims.expires_ms - 1
    assert tokens.verify(token) == claims
    clock.now_ms = claims.expires_ms
    with pytest.raises(TokenError) as raised:
        tokens.verify(token)
    assert raised.value.code is ErrorCode.TOKEN_EXPIRED


def test_a_hub_whose_clock_is_behind_accepts_the_token_of_another() -> None:
    clock = Clock()
    token = AccessTokens(SECRET, clock).issue("usr_1", 1, "ses_1")
    clock.now_ms -= 30_000
    assert AccessTokens(SECRET, clock).verify(token).user_id == "usr_1"
    clock.now_ms -= 1_000
    with pytest.raises(TokenError):
        AccessTokens(SECRET, clock).verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "\ud800",
        _token(_claims(), secret="another secret, also 32 characters"),  # noqa: S106 - of this line only
        _token(_claims(), typ="JWT"),
        _token(_claims(), typ="rt+jwt"),
        _token(_claims(), algorithm="HS512", secret=SECRET * 2),
        jwt.encode(_claims(), "", algorithm="none", headers={"typ": "at+jwt"}),
        _token(_claims(iss="other")),
        _token(_claims(aud="other")),
        _token(_claims(exp="soon")),
        _token(_claims(ver="1")),
        *[_token(_claims(**{name: None})) for name in _claims()],
    ],
)
def test_what_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(TokenError) as raised:
        AccessTokens(SECRET, Clock()).verify(token)
    assert raised.value.code is ErrorCode.UNAUTHORIZED


def test_a_changed_token_is_refused() -> None:
    tokens = AccessTokens(SECRET, Clock())
    head, body, signature = tokens.issue("usr_1", 1, "ses_1").split(".")
    other = tokens.issue("usr_2", 1, "ses_1").split(".")[1]
    assert body != other
    with pytest.raises(TokenError):
        tokens.verify(f"{head}.{other}.{signature}")
