"""The one map from codes to statuses."""

from chatops_server.web.problems import STATUS, problem
from chatops_wire.codes import ErrorCode

# What only error frames carry.
WEBSOCKET_ONLY = {
    ErrorCode.MALFORMED,
    ErrorCode.AUTH_TIMEOUT,
    ErrorCode.REPLACED,
    ErrorCode.UNSUPPORTED_PROTOCOL,
    ErrorCode.UNKNOWN_TOPIC,
    ErrorCode.ENDED,
}


def test_every_code_has_a_status() -> None:
    assert set(STATUS) == set(ErrorCode) - WEBSOCKET_ONLY


def test_a_code_of_frames_is_still_a_good_answer() -> None:
    assert problem(ErrorCode.UNKNOWN_TOPIC, "no such topic").status == 400
