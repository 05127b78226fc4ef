"""Sessions are listed and ended, and with them every token that goes back to them."""

from pathlib import Path

from chatops_server.services.login_sessions import EndedSessions
from tests.deadlines import eventually
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, Asker, opened


async def test_the_own_sessions_are_listed_the_newest_first(asker: Asker) -> None:
    await asker.user("ann", "viewer")
    first, second = [await asker.login("ann", "ann-password") for _ in range(2)]
    listed = await asker.get("/auth/sessions", token=second["access_token"])
    assert len(listed.body["items"]) == 3  # `user` logs in as well
    current = [item for item in listed.body["items"] if item["current"]]
    assert [item["address"] for item in current] == ["127.0.0.1"]
    assert "aiohttp" in current[0]["program"]
    again = await asker.post("/auth/refresh", {"refresh_token": first["refresh_token"]}, token=None)
    after = await asker.get("/auth/sessions", token=again.body["access_token"])
    assert after.body["items"][0]["current"]
    assert after.body["items"][0]["last_used_at"] >= current[0]["last_used_at"]


async def test_ending_a_session_ends_both_its_tokens_and_no_others(asker: Asker) -> None:
    stolen, other = [await asker.login("admin", ADMIN_PASSWORD) for _ in range(2)]
    listed = await asker.get("/auth/sessions", token=stolen["access_token"])
    session_id = next(item["id"] for item in listed.body["items"] if item["current"])
    path = f"/auth/sessions/{session_id}"
    assert (await asker.delete(path, token=other["access_token"])).status == 204
    assert (await asker.get("/auth/me", token=stolen["access_token"])).status == 401
    refresh = {"refresh_token": stolen["refresh_token"]}
    assert (await asker.post("/auth/refresh", refresh, token=None)).status == 401
    assert (await asker.get("/auth/me", token=other["access_token"])).status == 200
    assert (await asker.delete(path, token=other["access_token"])).status == 404


async def test_nobody_ends_another_user_s_session_but_an_admin_all_of_them(asker: Asker) -> None:
    ann, token = await asker.user("ann", "operator")
    _, stranger = await asker.user("sam", "operator")
    [session] = (await asker.get("/auth/sessions", token=token)).body["items"]
    assert (await asker.delete(f"/auth/sessions/{session['id']}", token=stranger)).status == 404
    assert (await asker.get("/auth/me", token=token)).status == 200
    assert (await asker.delete(f"/users/{ann}/sessions")).status == 204
    assert (await asker.get("/auth/me", token=token)).status == 401
    assert (await asker.delete("/users/usr_nobody/sessions")).status == 404


async def test_logging_out_ends_the_access_token_too(asker: Asker) -> None:
    tokens = await asker.login("admin", ADMIN_PASSWORD)
    await asker.post("/auth/logout", {"refresh_token": tokens["refresh_token"]}, token=None)
    assert (await asker.get("/auth/me", token=tokens["access_token"])).status == 401


async def test_a_refresh_token_used_twice_ends_the_access_tokens_too(asker: Asker) -> None:
    first = await asker.login("admin", ADMIN_PASSWORD)
    body = {"refresh_token": first["refresh_token"]}
    second = await asker.post("/auth/refresh", body, token=None)
    assert (await asker.post("/auth/refresh", body, token=None)).code == "token_reused"
    for token in (first["access_token"], second.body["access_token"]):
        assert (await asker.get("/auth/me", token=token)).status == 401


async def test_the_socket_of_an_ended_session_is_closed(asker: Asker) -> None:
    tokens = await asker.login("admin", ADMIN_PASSWORD)
    async with asker.http.ws_connect("/api/v1/ws") as ws:
        await ws.send_json({"type": "auth", "token": tokens["access_token"]})
        assert (await ws.receive_json())["type"] == "auth_success"
        await asker.post("/auth/logout", {"refresh_token": tokens["refresh_token"]}, token=None)
        while not (await ws.receive()).type.name.startswith("CLOS"):
            pass
    await eventually(lambda: ws.close_code == 4401)


async def test_an_ended_session_stays_ended_over_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as asker:
        tokens = await asker.login("admin", ADMIN_PASSWORD)
        await asker.post("/auth/logout", {"refresh_token": tokens["refresh_token"]}, token=None)
    async with opened(tmp_path) as asker:
        assert (await asker.get("/auth/me", token=tokens["access_token"])).status == 401
        assert (await asker.get("/auth/me")).status == 200


def test_ended_sessions_are_forgotten_once_their_tokens_have_expired() -> None:
    ended = EndedSessions()
    ended.add("old", 0)
    ended.add("new", 1_800_001)
    assert "old" not in ended
    assert "new" in ended
    assert len(ended) == 1
