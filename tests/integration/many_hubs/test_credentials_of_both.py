"""Second factors, enrolment, ssh keys and next API keys are the same whichever hub is asked."""

from tests.deadlines import eventually
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD
from tests.integration.hub_rest.test_enrolment import enroll, token
from tests.integration.hub_rest.test_key_rotation import agent, made, rotate
from tests.integration.hub_rest.test_second_factor import login, set_up
from tests.integration.many_hubs.conftest import Pair
from tests.live_peers import metrics


async def test_a_second_factor_is_asked_for_at_both_and_a_code_is_good_at_one(pair: Pair) -> None:
    _, _, recovery = await set_up(pair.one)
    asked = await login(pair.other)
    assert (asked.status, asked.code) == (401, "otp_required")
    assert (await login(pair.other, recovery[0])).status == 200
    assert (await login(pair.one, recovery[0])).status == 401


async def test_a_machine_enrols_at_one_hub_and_comes_to_the_other(pair: Pair) -> None:
    given = await token(pair.one, max_uses=2)
    came = await enroll(pair.other, given["token"])
    assert came.status == 201
    async with agent(pair.one, came.body["api_key"]) as peer:
        assert (await peer.next())["type"] == "auth_success"
    assert (await pair.one.delete(f"/enroll-tokens/{given['id']}")).status == 204
    assert (await enroll(pair.other, given["token"], "b" * 64)).status == 401


async def test_an_ssh_key_is_known_at_both(pair: Pair) -> None:
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGqnmq5DpZ0IkIW3Xuj3ENrZ1iXUKjRk0bW3Ufn0bqhz"
    added = await pair.one.post("/auth/ssh-keys", {"public_key": line, "password": ADMIN_PASSWORD})
    assert added.status == 201, added
    assert [key["id"] for key in (await pair.other.get("/auth/ssh-keys")).body["items"]] == [added.body["id"]]
    assert (await pair.other.delete(f"/auth/ssh-keys/{added.body['id']}")).status == 204
    assert (await pair.one.get("/auth/ssh-keys")).body["items"] == []


async def test_a_next_key_asked_for_at_one_hub_is_offered_by_the_other_once(pair: Pair) -> None:
    server = await pair.one.server("web-1")
    key = await made(pair.one, server)
    async with agent(pair.other, key["key"]) as peer:
        await peer.until("auth_success")
        await rotate(pair.one, key["id"])
        offer = await peer.until("key_offer")
        await peer.send({"type": "key_stored", "api_key": offer["api_key"]})
        # No second offer came before it, which would have made the first one void.
        accepted = await peer.next()
        assert accepted["type"] == "key_accepted", accepted
        # That the old key has ended is told to this hub too, and is no reason to cut off the new one.
        await _settled(pair)
        await peer.send(metrics(1))
        assert await peer.next() == {"type": "ack", "seq": 1}
    async with agent(pair.one, key["key"]) as late:
        assert (await late.ended()).code == 4401


async def _settled(pair: Pair) -> None:
    """Wait until the other hub has taken over what this one makes now."""
    later = await pair.one.server("later")
    await eventually(lambda: pair.other.running.hub.fleet.get(later))
