"""Access tokens: only ours, only this kind, only in their time."""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chatops_server.errors import TokenError
from chatops_server.services.access_tokens import ACCESS_TOKEN_S, AccessTokens
from chatops_server.services.signing_keys import KeyRing, SigningKey
from chatops_wire.codes import ErrorCode
from tests.hub_rows import Clock

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of this file only
KEY = KeyRing.of(SECRET).current
NOW_S = 1_700_000_000
# Whose private key signs what a hub that believed the token's own `alg` would check with the public one.
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


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
    claims: dict[str, Any],
    typ: str = "at+jwt",
    secret: str | bytes = KEY.secret,
    algorithm: str = "HS256",
    **more: object,
) -> str:
    return jwt.encode(claims, secret, algorithm=algorithm, headers={"typ": typ, "kid": KEY.kid, **more})


def _by_hand(header: dict[str, Any], secret: bytes) -> str:
    """A token that no library would make."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, _claims())]
    signature = hmac.new(secret, b".".join(parts), sha256).digest() if secret else b""
    return b".".join((*parts, urlsafe_b64encode(signature).rstrip(b"="))).decode()


def test_what_is_issued_is_accepted_until_it_expires() -> None:
    clock = Clock(NOW_S * 1000)
    tokens = AccessTokens(KeyRing.of(SECRET), clock)
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
    clock = Clock(NOW_S * 1000)
    token = AccessTokens(KeyRing.of(SECRET), clock).issue("usr_1", 1, "ses_1")
    clock.now_ms -= 30_000
    assert AccessTokens(KeyRing.of(SECRET), clock).verify(token).user_id == "usr_1"
    clock.now_ms -= 1_000
    with pytest.raises(TokenError):
        AccessTokens(KeyRing.of(SECRET), clock).verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "\ud800",
        _token(_claims(), secret="another secret, also 32 characters"),  # noqa: S106 - of this line only
        _token(_claims(), typ="JWT"),
        _token(_claims(), typ="rt+jwt"),
        _token(_claims(), algorithm="HS512", secret=KEY.secret * 2),
        _token(_claims(), algorithm="HS384", secret=KEY.secret * 2),
        jwt.encode(_claims(), "", algorithm="none", headers={"typ": "at+jwt", "kid": KEY.kid}),
        jwt.encode(_claims(), RSA, algorithm="RS256", headers={"typ": "at+jwt", "kid": KEY.kid}),
        _by_hand({"alg": "HS256", "typ": "at+jwt", "kid": KEY.kid}, PUBLIC),
        _by_hand({"alg": "none", "typ": "at+jwt", "kid": KEY.kid}, b""),
        _by_hand({"alg": "NONE", "typ": "at+jwt", "kid": KEY.kid}, KEY.secret),
        _by_hand({"alg": "HS256", "typ": "at+jwt", "kid": [KEY.kid]}, KEY.secret),
        _by_hand({"alg": "HS256", "typ": "at+jwt", "kid": None}, KEY.secret),
        _by_hand({"alg": "HS256", "typ": "at+jwt", "kid": KEY.kid, "jwk": {"kty": "oct", "k": "AA"}}, b"\0"),
        _by_hand(
            {"alg": "HS256", "typ": "at+jwt", "kid": KEY.kid, "b64": False, "crit": ["b64"]}, KEY.secret
        ),
        _token(_claims(), kid="0123456789abcdef"),
        _token(_claims(), kid=""),
        _token(_claims(), kid="../../dev/null"),
        # The secret itself signs nothing, only what is derived from it.
        _token(_claims(), secret=SECRET),
        jwt.encode(_claims(), KEY.secret, algorithm="HS256", headers={"typ": "at+jwt"}),
        _token(_claims(iss="other")),
        _token(_claims(aud="other")),
        _token(_claims(exp="soon")),
        _token(_claims(ver="1")),
        *[_token(_claims(**{name: None})) for name in _claims()],
    ],
)
def test_what_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(TokenError) as raised:
        AccessTokens(KeyRing.of(SECRET), Clock(NOW_S * 1000)).verify(token)
    assert raised.value.code is ErrorCode.UNAUTHORIZED


def test_a_changed_token_is_refused() -> None:
    tokens = AccessTokens(KeyRing.of(SECRET), Clock(NOW_S * 1000))
    head, body, signature = tokens.issue("usr_1", 1, "ses_1").split(".")
    other = tokens.issue("usr_2", 1, "ses_1").split(".")[1]
    assert body != other
    with pytest.raises(TokenError):
        tokens.verify(f"{head}.{other}.{signature}")


def test_a_token_made_by_hand_with_the_right_key_is_accepted() -> None:
    """So that what is refused above is refused for what it says, and not for how it is made."""
    token = _by_hand({"alg": "HS256", "typ": "at+jwt", "kid": KEY.kid}, KEY.secret)
    assert AccessTokens(KeyRing.of(SECRET), Clock(NOW_S * 1000)).verify(token).user_id == "usr_1"


def test_tokens_of_the_key_before_are_good_until_it_ends() -> None:
    clock = Clock(NOW_S * 1000)
    before = KeyRing.of(SECRET)
    token = AccessTokens(before, clock).issue("usr_1", 1, "ses_1")
    old = SigningKey(before.current.kid, before.current.secret, ends_ms=clock() + 1000)
    ring = KeyRing([KeyRing.of(SECRET[::-1]).current, old])
    tokens = AccessTokens(ring, clock)
    assert tokens.verify(token).user_id == "usr_1"
    assert jwt.get_unverified_header(tokens.issue("usr_1", 1, "ses_1"))["kid"] == ring.current.kid
    clock.now_ms += 1000
    with pytest.raises(TokenError):
        tokens.verify(token)


def test_hubs_that_share_a_secret_take_each_others_tokens_and_those_of_the_secret_before() -> None:
    clock = Clock(NOW_S * 1000)
    old = AccessTokens(KeyRing.of(SECRET), clock).issue("usr_1", 1, "ses_1")
    new = AccessTokens(KeyRing.of(SECRET[::-1], SECRET), clock).issue("usr_1", 1, "ses_1")
    for ring in (KeyRing.of(SECRET[::-1], SECRET), KeyRing.of(SECRET, SECRET[::-1])):
        for token in (old, new):
            assert AccessTokens(ring, clock).verify(token).user_id == "usr_1"


def test_no_representation_shows_a_key() -> None:
    assert repr(KEY.secret) not in repr(KEY)
