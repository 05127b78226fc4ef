from chatops_agent.actions.terminals.screen import Screen
from chatops_wire.commands import CHUNK_BYTES, WINDOW_BYTES


def _sent(screen: Screen) -> bytes:
    sent = b""
    while data := screen.next_data():
        assert len(data) <= CHUNK_BYTES
        sent += data
    return sent


def test_output_waits_for_a_viewer_up_to_the_window() -> None:
    screen = Screen(0)
    screen.add(bytes(WINDOW_BYTES - 1))
    assert screen.accepts
    screen.add(b"x")
    assert not screen.accepts
    screen.next_data()
    assert screen.accepts


def test_without_a_viewer_nothing_waits() -> None:
    screen = Screen(0)
    screen.add(b"old")
    screen.hide()
    screen.add(b"x" * WINDOW_BYTES)
    assert screen.accepts
    assert screen.sendable == 0
    assert screen.is_sent


def test_a_viewer_sees_what_stands_there_and_what_follows_once() -> None:
    screen = Screen(0)
    screen.add(b"one ")
    screen.next_data()
    screen.hide()
    screen.add(b"two ")
    screen.show(0)
    screen.add(b"three")
    assert _sent(screen) == b"one two three"
    # The same viewer once more, on a new connection.
    screen.show(0)
    assert _sent(screen) == b"one two three"


def test_credit_is_used_to_the_byte_and_begins_anew_with_a_viewer() -> None:
    screen = Screen(10)
    screen.add(b"x" * 25)
    assert len(_sent(screen)) == 10
    assert screen.sendable == 0
    screen.grant(5)
    assert len(_sent(screen)) == 5
    assert not screen.is_sent
    screen.show(20)
    assert len(_sent(screen)) == 20


def test_a_bell_is_for_the_viewer_only() -> None:
    screen = Screen(0)
    screen.add(b"text")
    screen.ring()
    assert _sent(screen) == b"text\a"
    screen.show(0)
    assert _sent(screen) == b"text"
    screen.hide()
    screen.ring()
    assert screen.is_sent
