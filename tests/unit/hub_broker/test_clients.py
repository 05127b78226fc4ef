"""Sessions of clients end with their token, with their user, and with the hub."""

import pytest

from chatops_server.broker.clients import Clients
from chatops_server.broker.closing import GOING_AWAY, TOKEN_DEAD, TOKEN_EXPIRED, ConnectionEnded
from tests.broker_builders import NOW_MS, OWNER, client


def test_an_expired_token_ends_the_session() -> None:
    clients, session = Clients(), client()
    clients.add(session)
    clients.expire(OWNER.expires_ms - 1, lambda _principal, _now_ms: True)
    assert session.outbox.closing is None
    clients.expire(OWNER.expires_ms, lambda _principal, _now_ms: False)
    assert session.outbox.closing == TOKEN_EXPIRED


def test_a_token_that_is_no_longer_valid_ends_the_session() -> None:
    clients, session = Clients(), client()
    clients.add(session)
    clients.expire(NOW_MS, lambda _principal, _now_ms: False)
    assert session.outbox.closing == TOKEN_DEAD


def test_a_session_that_left_is_forgotten() -> None:
    clients, session = Clients(), client()
    clients.add(session)
    clients.remove(session)
    clients.remove(session)
    assert (len(clients), list(clients)) == (0, [])


def test_a_stopping_hub_ends_all_and_takes_up_none() -> None:
    clients, session = Clients(), client()
    clients.add(session)
    clients.close_all()
    assert session.outbox.closing == GOING_AWAY
    with pytest.raises(ConnectionEnded):
        clients.add(client())
