"""Logging in, staying logged in, and every way a token ends."""

import asyncio

import pytest

from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, Asker


async def test_login_gives_a_pair_of_tokens(asker: Asker) -> None:
    tokens = await asker.login("admin", ADMIN_PASSWORD)
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 1800)


async def test_user_names_are_not_told_apart_by_case(asker: Asker) -> None:
    tokens = await asker.login("Admin", ADMIN_PASSWORD)
    me = await asker.get("/auth/me", token=tokens["access_token"])
    assert me.body["username"] == "admin"


@pytest.mark.parametrize(("username", "password"), [("admin", "wrong"), ("nobody", "wrong"), ("", "")])
async def test_wrong_logins_all_get_the_same_answer(asker: Asker, username: str, password: str) -> None:
    answer = await asker.post("/auth/login", {"username": username, "password": password}, token=None)
    assert (answer.status, answer.code) == (401, "invalid_credentials")
    assert answer.body["detail"] == "wrong user name or password"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_an_inactive_user_gets_the_answer_of_a_wrong_password(asker: Asker) -> None:
    user_id, token = await asker.user("ann", "viewer")
    assert (await asker.patch(f"/users/{user_id}", {"active": False})).status == 200
    answer = await asker.post("/auth/login", {"username": "ann", "password": "ann-password"}, token=None)
    assert (answer.status, answer.code) == (401, "invalid_credentials")
    assert (await asker.get("/auth/me", token=token)).status == 401


async def test_passwords_longer_than_bcrypt_takes_differ_at_their_ends(asker: Asker) -> None:
    long = "x" * 100
    await asker.post("/users", {"username": "long", "password": long + "a", "role": "viewer"})
    answer = await asker.post("/auth/login", {"username": "long", "password": long + "b"}, token=None)
    assert answer.status == 401
    assert await asker.login("long", long + "a")


async def test_a_refresh_token_works_once_and_reuse_ends_the_session(asker: Asker) -> None:
    first = await asker.login("admin", ADMIN_PASSWORD)
    second = await asker.post("/auth/refresh", {"refresh_token": first["refresh_token"]}, token=None)
    assert second.status == 200
    assert second.body["refresh_token"] != first["refresh_token"]
    assert (await asker.get("/auth/me", token=second.body["access_token"])).status == 200

    again = await asker.post("/auth/refresh", {"refresh_token": first["refresh_token"]}, token=None)
    assert (again.status, again.code) == (401, "token_reused")
    after = await asker.post("/auth/refresh", {"refresh_token": second.body["refresh_token"]}, token=None)
    assert after.status == 401


async def test_reuse_in_one_session_leaves_another_alone(asker: Asker) -> None:
    stolen, other = [await asker.login("admin", ADMIN_PASSWORD) for _ in range(2)]
    for _ in range(2):
        await asker.post("/auth/refresh", {"refresh_token": stolen["refresh_token"]}, token=None)
    assert (
        await asker.post("/auth/refresh", {"refresh_token": other["refresh_token"]}, token=None)
    ).status == 200


async def test_of_two_simultaneous_refreshes_one_wins(asker: Asker) -> None:
    tokens = await asker.login("admin", ADMIN_PASSWORD)
    body = {"refresh_token": tokens["refresh_token"]}
    answers = await asyncio.gather(*(asker.post("/auth/refresh", body, token=None) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 7


async def test_logout_ends_the_session_and_may_be_repeated(asker: Asker) -> None:
    tokens = await asker.login("admin", ADMIN_PASSWORD)
    body = {"refresh_token": tokens["refresh_token"]}
    assert [(await asker.post("/auth/logout", body)).status for _ in range(2)] == [204, 204]
    assert (await asker.post("/auth/refresh", body, token=None)).status == 401


async def test_a_new_password_ends_every_token(asker: Asker) -> None:
    _, token = await asker.user("ann", "viewer")
    tokens = await asker.login("ann", "ann-password")
    body = {"current_password": "ann-password", "new_password": "another password"}
    assert (await asker.post("/auth/password", body, token=token)).status == 204
    assert (await asker.get("/auth/me", token=token)).status == 401
    refreshed = await asker.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]}, token=None)
    assert refreshed.status == 401
    assert await asker.login("ann", "another password")


async def test_a_wrong_current_password_is_named(asker: Asker) -> None:
    body = {"current_password": "wrong", "new_password": "another password"}
    answer = await asker.post("/auth/password", body)
    assert answer.status == 400
    assert answer.body["detail"].startswith("current_password:")


async def test_the_21st_wrong_login_is_refused_and_others_log_in_as_before(asker: Asker) -> None:
    await asker.user("ann", "viewer")
    wrong = {"username": "ann", "password": "wrong"}
    answers = await asyncio.gather(*(asker.post("/auth/login", wrong, token=None) for _ in range(25)))
    statuses = [answer.status for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (20, 5)
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.code == "too_many_requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    right = await asker.post("/auth/login", {"username": "ANN", "password": "ann-password"}, token=None)
    assert right.status == 429
    assert await asker.login("admin", ADMIN_PASSWORD)


async def test_right_logins_never_meet_the_limit(asker: Asker) -> None:
    await asyncio.gather(*(asker.login("admin", ADMIN_PASSWORD) for _ in range(25)))


async def test_guessing_the_current_password_meets_the_same_limit(asker: Asker) -> None:
    body = {"current_password": "wrong", "new_password": "another password"}
    statuses = [(await asker.post("/auth/password", body)).status for _ in range(21)]
    assert statuses == [400] * 20 + [429]


async def test_another_role_ends_the_tokens(asker: Asker) -> None:
    user_id, token = await asker.user("ann", "viewer")
    changed = await asker.patch(f"/users/{user_id}", {"role": "operator"})
    assert (changed.status, changed.body["role"]) == (200, "operator")
    assert (await asker.get("/auth/me", token=token)).status == 401
    tokens = await asker.login("ann", "ann-password")
    assert (await asker.get("/auth/me", token=tokens["access_token"])).body["role"] == "operator"


async def test_a_user_is_renamed_and_logs_in_by_the_new_name(asker: Asker) -> None:
    user_id, token = await asker.user("ann", "viewer")
    await asker.user("bob", "viewer")
    taken = await asker.patch(f"/users/{user_id}", {"username": "BOB"})
    assert (taken.status, taken.code) == (409, "conflict")
    bad = await asker.patch(f"/users/{user_id}", {"username": ""})
    assert (bad.status, bad.body["detail"].split(":")[0]) == (400, "username")
    renamed = await asker.patch(f"/users/{user_id}", {"username": "Anna"})
    assert (renamed.status, renamed.body["username"], renamed.body["role"]) == (200, "Anna", "viewer")
    assert (await asker.get("/auth/me", token=token)).status == 401
    old = await asker.post("/auth/login", {"username": "ann", "password": "ann-password"}, token=None)
    assert old.status == 401
    assert await asker.login("anna", "ann-password")
    assert (await asker.get(f"/users/{user_id}")).body["username"] == "Anna"
    # Its own name in other letters is no other user's.
    assert (await asker.patch(f"/users/{user_id}", {"username": "ANNA"})).status == 200


async def test_a_removed_user_is_gone_at_once(asker: Asker) -> None:
    user_id, token = await asker.user("ann", "viewer")
    assert (await asker.delete(f"/users/{user_id}")).status == 204
    assert (await asker.get("/auth/me", token=token)).status == 401
    assert (await asker.get(f"/users/{user_id}")).status == 404


async def test_the_last_active_admin_stays(asker: Asker) -> None:
    me = (await asker.get("/auth/me")).body["id"]
    await asker.post("/users", {"username": "off", "password": "password", "role": "admin", "active": False})
    answers = [
        await asker.delete(f"/users/{me}"),
        await asker.patch(f"/users/{me}", {"role": "operator"}),
        await asker.patch(f"/users/{me}", {"active": False}),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(409, "conflict")] * 3


async def test_an_admin_beside_another_may_go_and_leaves_the_servers_behind(asker: Asker) -> None:
    user_id, token = await asker.user("root", "admin")
    server_id = await asker.server("web-1", token=token)
    me = (await asker.get("/auth/me")).body["id"]
    assert (await asker.delete(f"/users/{user_id}", token=token)).status == 204
    assert (await asker.get(f"/servers/{server_id}")).body["owner_id"] == me


async def test_users_are_listed_oldest_first_by_pages(asker: Asker) -> None:
    for name in ("ann", "bob", "eve"):
        await asker.post("/users", {"username": name, "password": "password", "role": "viewer"})
    first = await asker.get("/users?limit=3")
    rest = await asker.get(f"/users?limit=3&cursor={first.body['next']}")
    names = [user["username"] for page in (first, rest) for user in page.body["items"]]
    assert names[0] == "admin"
    assert sorted(names[1:]) == ["ann", "bob", "eve"]
    assert rest.body["next"] is None


async def test_a_user_name_is_taken_once(asker: Asker) -> None:
    body = {"username": "Admin", "password": "password", "role": "viewer"}
    answer = await asker.post("/users", body)
    assert (answer.status, answer.code) == (409, "conflict")


async def test_a_password_changed_meanwhile_opens_no_session(asker: Asker) -> None:
    """Whatever the order, no refresh token of the old password outlives the change."""
    _, token = await asker.user("ann", "viewer")
    login = {"username": "ann", "password": "ann-password"}
    change = {"current_password": "ann-password", "new_password": "another password"}
    changed, *logins = await asyncio.gather(
        asker.post("/auth/password", change, token=token),
        *(asker.post("/auth/login", login, token=None) for _ in range(10)),
    )
    assert changed.status == 204
    for answer in logins:
        if answer.status == 200:
            body = {"refresh_token": answer.body["refresh_token"]}
            assert (await asker.post("/auth/refresh", body, token=None)).status == 401
