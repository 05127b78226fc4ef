"""A login in two steps: what is asked for, what passes, what passes once, and the way back in."""

import time
from pathlib import Path
from typing import Any

import pyotp

from chatops_server.storage.base import fetch
from tests.integration.hub_rest.conftest import Answer, Asker, opened

PASSWORD = "ann-password"  # noqa: S105 - of a hub that lives as long as a test


def codes(secret: str) -> list[str]:
    """Return the codes that pass now and in a moment, oldest first."""
    totp, now = pyotp.TOTP(secret), int(time.time())
    return [totp.at(now, counter_offset=offset) for offset in (-1, 0, 1)]


async def login(asker: Asker, otp: str | None = None) -> Answer:
    body: dict[str, Any] = {"username": "ann", "password": PASSWORD}
    return await asker.post("/auth/login", body | ({} if otp is None else {"otp": otp}), token=None)


async def set_up(asker: Asker) -> tuple[str, str, list[str]]:
    """Return ann's token, the secret and the recovery codes; the oldest code has been used."""
    _, token = await asker.user("ann", "operator")
    begun = await asker.post("/auth/totp", {"password": PASSWORD}, token=token)
    assert begun.status == 200, begun
    assert begun.body["uri"].startswith("otpauth://totp/ChatOps:ann?secret=")
    secret = begun.body["secret"]
    assert (await login(asker)).status == 200  # not asked for before it is confirmed
    confirmed = await asker.post("/auth/totp/confirm", {"code": codes(secret)[0]}, token=token)
    assert confirmed.status == 200, confirmed
    return token, secret, confirmed.body["recovery_codes"]


async def test_a_confirmed_factor_is_asked_for_and_each_code_is_good_once(asker: Asker) -> None:
    _, secret, _ = await set_up(asker)
    asked = await login(asker)
    assert (asked.status, asked.code) == (401, "otp_required")
    code = codes(secret)[1]
    assert (await login(asker, code)).status == 200
    again = await login(asker, code)
    assert (again.status, again.code) == (401, "invalid_credentials")
    for wrong in ("000000", "12345", "ⅷ23456", "x" * 64):
        assert (await login(asker, wrong)).status == 401


async def test_the_code_alone_is_not_enough(asker: Asker) -> None:
    _, secret, _ = await set_up(asker)
    body = {"username": "ann", "password": "wrong", "otp": codes(secret)[2]}
    answer = await asker.post("/auth/login", body, token=None)
    assert (answer.status, answer.code) == (401, "invalid_credentials")
    # Nor does a wrong password tell that there is a second step.
    answer = await asker.post("/auth/login", {"username": "ann", "password": "wrong"}, token=None)
    assert answer.code == "invalid_credentials"


async def test_a_recovery_code_stands_for_a_code_once(asker: Asker) -> None:
    _, _, recovery = await set_up(asker)
    assert len(set(recovery)) == 10
    assert (await login(asker, recovery[0].upper().replace("-", " "))).status == 200
    assert (await login(asker, recovery[0])).status == 401
    assert (await login(asker, recovery[1])).status == 200


async def test_it_is_removed_with_a_code_or_by_an_admin(asker: Asker) -> None:
    token, secret, recovery = await set_up(asker)
    assert (await asker.post("/auth/totp/remove", {"code": "000000"}, token=token)).status == 400
    assert (await asker.post("/auth/totp/remove", {"code": recovery[0]}, token=token)).status == 204
    assert (await login(asker)).status == 200
    begun = await asker.post("/auth/totp", {"password": PASSWORD}, token=token)
    assert begun.body["secret"] != secret
    await asker.post("/auth/totp/confirm", {"code": codes(begun.body["secret"])[0]}, token=token)
    me = await asker.get("/auth/me", token=token)
    assert (await asker.delete(f"/users/{me.body['id']}/totp")).status == 204
    assert (await login(asker)).status == 200
    assert (await asker.delete(f"/users/{me.body['id']}/totp")).status == 404
    assert (await asker.delete("/users/usr_nobody/totp")).status == 404


async def test_only_who_knows_the_password_sets_it_up_and_only_once(asker: Asker) -> None:
    token, secret, _ = await set_up(asker)
    wrong = await asker.post("/auth/totp", {"password": "wrong"}, token=token)
    assert (wrong.status, wrong.body["detail"].split(":")[0]) == (400, "password")
    assert (await asker.post("/auth/totp", {"password": PASSWORD}, token=token)).status == 409
    body = {"code": codes(secret)[1]}
    assert (await asker.post("/auth/totp/confirm", body, token=token)).status == 409


async def test_a_first_code_must_be_right(asker: Asker) -> None:
    _, token = await asker.user("ann", "operator")
    await asker.post("/auth/totp", {"password": PASSWORD}, token=token)
    refused = await asker.post("/auth/totp/confirm", {"code": "000000"}, token=token)
    assert (refused.status, refused.body["detail"].split(":")[0]) == (400, "code")
    assert (await login(asker)).status == 200


async def test_the_secret_is_not_in_the_database_and_survives_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as asker:
        _, secret, recovery = await set_up(asker)
        rows = await asker.running.storage.read(fetch("SELECT secret FROM second_factors"))
        rows = [*rows, *await asker.running.storage.read(fetch("SELECT hash FROM recovery_codes"))]
        assert secret not in str(rows)
        assert not any(code.replace("-", "") in str(rows) for code in recovery)
    async with opened(tmp_path) as asker:
        assert (await login(asker)).code == "otp_required"
        assert (await login(asker, codes(secret)[2])).status == 200
