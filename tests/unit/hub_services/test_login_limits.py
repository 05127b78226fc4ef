"""The sliding window of wrong logins."""

from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.addresses import network_of
from chatops_server.domain.login_limits import MAX_FAILURES, WINDOW_MS, FailureWindow


def test_the_limit_is_met_by_the_last_failure_and_ends_with_the_first() -> None:
    window = FailureWindow()
    for at_ms in range(MAX_FAILURES):
        assert window.wait_ms("ann", at_ms) == 0
        window.failed("ann", at_ms)
    assert window.wait_ms("ann", MAX_FAILURES) == WINDOW_MS - MAX_FAILURES
    assert window.wait_ms("bob", MAX_FAILURES) == 0
    assert window.wait_ms("ann", WINDOW_MS - 1) == 1
    assert window.wait_ms("ann", WINDOW_MS) == 0


def test_what_is_over_is_forgotten() -> None:
    window = FailureWindow()
    window.failed("ann", 0)
    assert window.wait_ms("ann", WINDOW_MS) == 0
    assert len(window) == 0


def test_the_oldest_key_makes_room() -> None:
    window = FailureWindow(limit=1, max_keys=2)
    for at_ms, key in enumerate(("ann", "bob", "ann", "eve")):
        window.failed(key, at_ms)
    assert len(window) == 2
    assert [window.wait_ms(key, 10) > 0 for key in ("ann", "bob", "eve")] == [True, False, True]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 500)), max_size=60))
def test_it_agrees_with_a_plain_list(failures: list[tuple[str, int]]) -> None:
    window, plain, now_ms = FailureWindow(limit=3, window_ms=1000), list[tuple[str, int]](), 0
    for key, pause_ms in failures:
        now_ms += pause_ms
        recent = [at for name, at in plain if name == key and at > now_ms - 1000]
        assert (window.wait_ms(key, now_ms) > 0) == (len(recent) >= 3)
        if len(recent) < 3:
            window.failed(key, now_ms)
            plain.append((key, now_ms))


def test_an_address_is_one_ipv4_address_or_one_ipv6_network() -> None:
    assert network_of("203.0.113.7") == "203.0.113.7"
    assert network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2")
    assert network_of("2001:db8::1") != network_of("2001:db8:0:1::1")
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of(None) == ""
    assert network_of("/run/hub.sock") == "/run/hub.sock"
