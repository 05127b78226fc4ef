"""Counting what was ignored, without letting a peer fill the memory with names."""

from chatops_server.broker.counters import MAX_TYPES, OTHER, Counters, Peer


def test_unknown_types_are_counted_by_name_and_peer() -> None:
    counters = Counters()
    counters.unknown(Peer.AGENT, "weather")
    counters.unknown(Peer.AGENT, "weather")
    counters.unknown(Peer.CLIENT, "weather")
    assert (
        counters.unknown_types(Peer.AGENT),
        counters.unknown_types(Peer.CLIENT),
    ) == ({"weather": 2}, {"weather": 1})


def test_names_are_bounded_in_number_and_length() -> None:
    counters = Counters()
    for number in range(MAX_TYPES + 10):
        counters.unknown(Peer.AGENT, f"{number:03d}" + "x" * 1000)
    types = counters.unknown_types(Peer.AGENT)
    assert types[OTHER] == 10
    assert max(map(len, types)) == 40
