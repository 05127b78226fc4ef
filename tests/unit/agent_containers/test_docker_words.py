"""States and ports in the words that Docker's own programs use."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.collectors.containers import ports
from chatops_agent.collectors.containers.status import Phase, duration, in_words

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 10_000 * DAY


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (-5, "Less than a second"),
        (999, "Less than a second"),
        (1_000, "1 second"),
        (59_999, "59 seconds"),
        (MINUTE, "About a minute"),
        (2 * MINUTE, "2 minutes"),
        (60 * MINUTE - 1, "59 minutes"),
        (HOUR, "About an hour"),
        (89 * MINUTE, "About an hour"),
        (90 * MINUTE, "2 hours"),
        (47 * HOUR, "47 hours"),
        (48 * HOUR, "2 days"),
        (13 * DAY, "13 days"),
        (14 * DAY, "2 weeks"),
        (59 * DAY, "8 weeks"),
        (60 * DAY, "2 months"),
        (729 * DAY, "24 months"),
        (730 * DAY, "2 years"),
    ],
)
def test_a_span_of_time_is_worded_as_docker_does(milliseconds: int, words: str) -> None:
    """The values are those of HumanDuration in github.com/docker/go-units, tried with its own tests."""
    assert words == duration(milliseconds)


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (Phase("running", started_ms=NOW - 2 * HOUR), "Up 2 hours"),
        (Phase("running", "healthy", started_ms=NOW - 2 * HOUR), "Up 2 hours (healthy)"),
        (Phase("running", "starting", started_ms=NOW - 1_000), "Up 1 second (health: starting)"),
        (Phase("running", "odd", started_ms=NOW), "Up Less than a second"),
        (Phase("paused", "healthy", started_ms=NOW - DAY), "Up 24 hours (Paused)"),
        (
            Phase("exited", exit_code=137, started_ms=1, finished_ms=NOW - 3 * MINUTE),
            "Exited (137) 3 minutes ago",
        ),
        (Phase("exited"), "Exited"),
        (
            Phase("restarting", exit_code=1, started_ms=1, finished_ms=NOW - 5_000),
            "Restarting (1) 5 seconds ago",
        ),
        (Phase("created"), "Created"),
        (Phase("removing"), "Removal In Progress"),
        (Phase("dead"), "Dead"),
        (Phase(""), ""),
    ],
)
def test_a_state_is_worded_as_docker_ps_does(phase: Phase, words: str) -> None:
    assert words == in_words(phase, NOW)


def _port(private: int, public: int = 0, ip: str = "", kind: str = "tcp") -> dict[str, Any]:
    row: dict[str, Any] = {"PrivatePort": private, "Type": kind}
    return row if not public else {**row, "PublicPort": public, "IP": ip}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (None, ()),
        ([_port(80)], ("80/tcp",)),
        ([_port(80, 8080, "0.0.0.0")], ("0.0.0.0:8080->80/tcp",)),  # noqa: S104 - what Docker tells
        ([_port(80, 8080, "::")], ("[::]:8080->80/tcp",)),
        ([_port(82, 8002, "1.2.3.4"), _port(80, 8000, "1.2.3.4"), _port(81, 8001, "1.2.3.4")],
         ("1.2.3.4:8000-8002->80-82/tcp",)),
        ([_port(80, 8000, "1.2.3.4"), _port(81, 9001, "1.2.3.4")],
         ("1.2.3.4:8000->80/tcp", "1.2.3.4:9001->81/tcp")),
        ([_port(53), _port(53, kind="udp"), _port(54)], ("53-54/tcp", "53/udp")),
        ([_port(80), _port(80)], ("80/tcp",)),
        ([{}], ("0/tcp",)),
    ],
)  # fmt: skip
def test_ports_are_written_as_docker_ps_does(
    rows: list[dict[str, Any]] | None, words: tuple[str, ...]
) -> None:
    assert words == ports.in_words(rows)


@given(st.sets(st.tuples(st.integers(1, 40), st.sampled_from(["tcp", "udp"]))))
def test_every_port_is_within_exactly_one_range(given_ports: set[tuple[int, str]]) -> None:
    told = ports.in_words([_port(private, kind=kind) for private, kind in given_ports])
    covered = []
    for text in told:
        span, kind = text.split("/")
        first, _, last = span.partition("-")
        covered += [(each, kind) for each in range(int(first), int(last or first) + 1)]
    assert sorted(given_ports) == sorted(covered)
