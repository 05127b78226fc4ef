import pytest

from chatops_agent.collectors.networks import is_shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [("eth0", True), ("wg0", True), ("docker0", True), ("lo", False), ("lo0", False), ("veth12ab", False)],
)
def test_loopback_and_containers_ends_are_not_shown(name: str, expected: bool) -> None:  # noqa: FBT001
    assert is_shown(name) is expected
