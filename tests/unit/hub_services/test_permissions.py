"""Who may do what, as tables and as properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.permissions import (
    HubAction,
    Principal,
    ServerAction,
    allows,
    effective_role,
    sees_event,
)
from chatops_wire.rest import GrantRole, Role

ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
RANK = {role: rank for rank, role in enumerate(ROLES)}
roles = st.sampled_from(ROLES)
grants: st.SearchStrategy[GrantRole | None] = st.sampled_from((None, "viewer", "operator"))


def _user(role: Role, user_id: str = "usr_1") -> Principal:
    return Principal(user_id, "ann", role, expires_ms=0, token_version=1)


@pytest.mark.parametrize(
    ("role", "owner", "grant", "expected"),
    [
        ("viewer", "usr_2", None, None),
        ("operator", "usr_2", None, None),
        ("admin", "usr_2", None, "admin"),
        ("viewer", "usr_2", "viewer", "viewer"),
        ("viewer", "usr_2", "operator", "viewer"),
        ("operator", "usr_2", "viewer", "viewer"),
        ("operator", "usr_2", "operator", "operator"),
        ("operator", "usr_1", None, "admin"),
        ("viewer", "usr_1", "viewer", "admin"),
        ("admin", "usr_2", "viewer", "admin"),
    ],
)
def test_effective_role(role: Role, owner: str, grant: GrantRole | None, expected: Role | None) -> None:
    assert effective_role(_user(role), owner, grant) == expected


@given(roles, grants)
def test_a_grant_never_lifts_its_user_above_their_role(role: Role, grant: GrantRole | None) -> None:
    effective = effective_role(_user(role), "usr_2", grant)
    assert effective is None or RANK[effective] <= RANK[role]


@given(roles, st.sampled_from([*HubAction, *ServerAction]))
def test_what_a_role_may_every_higher_one_may(role: Role, action: HubAction | ServerAction) -> None:
    if allows(role, action):
        assert all(allows(higher, action) for higher in ROLES[RANK[role] :])


def test_what_each_action_asks_for() -> None:
    lowest = {
        action: next(role for role in ROLES if allows(role, action)) for action in [*HubAction, *ServerAction]
    }
    assert lowest == {
        HubAction.USE: "viewer",
        HubAction.ADD_SERVER: "operator",
        HubAction.ADMINISTER: "admin",
        ServerAction.READ: "viewer",
        ServerAction.OPERATE: "operator",
        ServerAction.MANAGE: "admin",
    }


@pytest.mark.parametrize(
    ("role", "event_user", "server_visible", "expected"),
    [
        ("admin", None, None, True),
        ("admin", "usr_2", False, True),
        ("viewer", "usr_1", None, True),
        ("viewer", "usr_2", None, False),
        ("viewer", None, None, False),
        ("viewer", None, True, True),
        ("viewer", "usr_2", True, True),
        ("viewer", "usr_1", False, False),
    ],
)
def test_events(role: Role, event_user: str | None, server_visible: bool | None, expected: bool) -> None:  # noqa: FBT001 - a table
    assert sees_event(_user(role), event_user, server_visible=server_visible) is expected
