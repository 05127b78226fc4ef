"""Shells as the hub has written them down, with what the agents say of them."""

from chatops_tui.store.shells import Shell, merged
from chatops_wire.client_terminals import TerminalEntry
from chatops_wire.rest_commands import TerminalView
from chatops_wire.times import format_ms


def view(number: int, *, closed: int | None = None, recorded: int | None = None) -> TerminalView:
    return TerminalView(
        terminal_id=f"t{number}",
        server_id="s1",
        user_id="u1",
        opened_at=format_ms(number * 1000),
        closed_at=None if closed is None else format_ms(closed * 1000),
        reason="" if closed is None else "the shell ended",
        recorded_bytes=recorded,
    )


def entry(number: int, *, detached: bool = True) -> TerminalEntry:
    return TerminalEntry(
        terminal_id=f"t{number}",
        server_id="s1",
        user_id="u1",
        cols=80,
        rows=24,
        started_at=format_ms(number * 1000),
        detached=detached,
    )


def test_what_runs_stands_first_and_the_newest_of_each() -> None:
    views = [view(4, closed=5, recorded=9), view(3), view(2, closed=3), view(1)]
    found = merged(views, {"s1": [entry(3), entry(1, detached=False)]})
    assert [(shell.terminal_id, shell.state) for shell in found] == [
        ("t3", "left"),
        ("t1", "viewed"),
        ("t4", "ended"),
        ("t2", "ended"),
    ]
    assert found[0] == Shell("t3", "s1", "u1", "left", 3000, size=(80, 24))
    assert found[2].is_recorded
    assert not found[3].is_recorded


def test_one_the_hub_took_for_ended_runs_if_its_agent_says_so() -> None:
    assert [shell.state for shell in merged([view(1, closed=2)], {"s1": [entry(1)]})] == ["left"]


def test_one_of_an_agent_that_cannot_be_asked_is_unknown() -> None:
    found = merged([view(1)], {})
    assert [shell.state for shell in found] == ["unknown"]
    assert not found[0].runs


def test_one_its_agent_does_not_know_has_ended() -> None:
    assert [shell.state for shell in merged([view(1)], {"s1": []})] == ["ended"]


def test_one_the_hub_does_not_know_is_listed_too() -> None:
    assert merged([], {"s1": [entry(7)]}) == (Shell("t7", "s1", "u1", "left", 7000, size=(80, 24)),)
