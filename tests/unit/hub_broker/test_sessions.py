"""One session a server, the newest wins; and nothing that ends meanwhile slips through."""

from collections.abc import Collection

import pytest

from chatops_server.broker.closing import (
    GOING_AWAY,
    KEY_REVOKED,
    LOST,
    REPLACED,
    SERVER_DELETED,
    Closing,
    ConnectionEnded,
)
from chatops_server.broker.sessions import AgentSession, AgentSessions
from tests.broker_builders import fleet_of, state_of

FLEET = fleet_of(1, 2)


def _session(server_id: str = "srv_1", key_id: str = "key") -> AgentSession:
    return AgentSession(state_of(FLEET, server_id), key_id, 1, lambda: False)


def _registered(sessions: AgentSessions, session: AgentSession) -> Collection[AgentSession]:
    with sessions.attempt() as attempt:
        return sessions.register(session, attempt)


def test_the_newest_session_wins_and_the_older_one_cannot_unregister_it() -> None:
    sessions, old, new = AgentSessions(), _session(), _session()
    assert not _registered(sessions, old)
    assert _registered(sessions, new) == {old}
    assert old.outbox.closing == REPLACED
    assert not sessions.unregister(old)
    assert sessions.get("srv_1") is new
    assert sessions.is_current(new)
    assert sessions.unregister(new)
    assert sessions.get("srv_1") is None
    assert len(sessions) == 0


def test_a_session_is_waited_for_until_it_has_stored_everything() -> None:
    sessions, first, second, third = AgentSessions(), _session(), _session(), _session()
    _registered(sessions, first)
    sessions.unregister(first)
    assert _registered(sessions, second) == {first}
    sessions.finished(first)
    sessions.finished(first)
    assert first.ended.is_set()
    assert _registered(sessions, third) == {second}


def test_a_deleted_server_ends_its_session_only() -> None:
    sessions, mine, other = AgentSessions(), _session("srv_1"), _session("srv_2")
    _registered(sessions, mine)
    _registered(sessions, other)
    sessions.close_server("srv_1")
    assert (mine.outbox.closing, other.outbox.closing) == (SERVER_DELETED, None)


def test_a_revoked_key_ends_the_session_that_used_it() -> None:
    sessions, mine, other = AgentSessions(), _session("srv_1", "a"), _session("srv_2", "b")
    _registered(sessions, mine)
    _registered(sessions, other)
    sessions.close_key("a")
    assert (mine.outbox.closing, other.outbox.closing) == (KEY_REVOKED, None)


def _revoke(sessions: AgentSessions) -> None:
    sessions.close_key("key")


def _delete(sessions: AgentSessions) -> None:
    sessions.close_server("srv_1")


def _stop(sessions: AgentSessions) -> None:
    sessions.close_all()


@pytest.mark.parametrize(
    ("meanwhile", "expected"), [(_revoke, KEY_REVOKED), (_delete, SERVER_DELETED), (_stop, GOING_AWAY)]
)
def test_what_ends_during_authentication_refuses_the_session(meanwhile: object, expected: Closing) -> None:
    sessions = AgentSessions()
    with sessions.attempt() as attempt:
        meanwhile(sessions)  # type: ignore[operator] # one of the three above
        with pytest.raises(ConnectionEnded) as ended:
            sessions.register(_session(), attempt)
    assert ended.value.closing == expected
    assert len(sessions) == 0


def test_a_key_revoked_before_an_attempt_does_not_refuse_another_key() -> None:
    sessions = AgentSessions()
    sessions.close_key("old")
    assert not _registered(sessions, _session(key_id="new"))


def test_an_interval_reaches_the_agent_if_it_is_there() -> None:
    sessions, session = AgentSessions(), _session()
    _registered(sessions, session)
    assert sessions.configure("srv_1", 1.0)
    assert not sessions.configure("srv_2", 1.0)
    assert session.outbox.take() == [b'{"type":"configure","interval_s":1.0}']


def test_stopping_ends_all() -> None:
    sessions, mine = AgentSessions(), _session()
    _registered(sessions, mine)
    sessions.close_all()
    assert mine.outbox.closing == GOING_AWAY


def test_a_session_whose_connection_is_gone_is_ended() -> None:
    sessions, here = AgentSessions(), _session("srv_1")
    gone = AgentSession(state_of(FLEET, "srv_2"), "key", 1, lambda: True)
    _registered(sessions, here)
    _registered(sessions, gone)
    sessions.end_lost()
    assert (here.outbox.closing, gone.outbox.closing) == (None, LOST)
