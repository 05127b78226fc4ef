"""The codes of the contract stand as they were published."""

from chatops_wire.codes import CloseCode, ErrorCode
from chatops_wire.version import PROTOCOL


def test_the_close_codes_are_those_of_the_contract() -> None:
    assert {code.name: int(code) for code in CloseCode} == {
        "NORMAL": 1000,
        "GOING_AWAY": 1001,
        "UNSUPPORTED_DATA": 1003,
        "TOO_BIG": 1009,
        "INTERNAL": 1011,
        "MALFORMED": 4400,
        "UNAUTHORIZED": 4401,
        "REPLACED": 4409,
        "TOO_SLOW": 4429,
    }


def test_the_error_codes_the_contract_names_are_there() -> None:
    named = {"no_metrics", "agent_offline", "docker_unavailable", "agent_timeout", "not_allowed"}
    assert named <= set(ErrorCode)


def test_the_protocol_is_the_first() -> None:
    assert PROTOCOL == 1
