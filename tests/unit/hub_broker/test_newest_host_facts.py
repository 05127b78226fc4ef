"""What an agent says of its machine is cut before every client is sent it."""

from chatops_server.domain.host_facts import (
    MAX_CAPABILITIES,
    MAX_CAPABILITY_CHARS,
    MAX_FACT_CHARS,
    trimmed_capabilities,
    trimmed_host,
)
from chatops_wire.agent import AgentInfo


def test_usual_facts_stay_as_they_are() -> None:
    info = AgentInfo(version="1", hostname="web-1", cpu_count=8, memory_total=2**40)
    assert info == trimmed_host(info)


def test_long_texts_are_cut_and_absurd_numbers_kept_within_bounds() -> None:
    trimmed = trimmed_host(AgentInfo(hostname="x" * 10_000, cpu_count=-3, memory_total=2**62))
    assert (len(trimmed.hostname), trimmed.cpu_count, trimmed.memory_total) == (MAX_FACT_CHARS, 0, 2**53)


def test_capabilities_are_told_once_each_and_not_without_end() -> None:
    assert trimmed_capabilities(("docker", "logs", "docker", "")) == ("docker", "logs")
    assert trimmed_capabilities(("x" * (MAX_CAPABILITY_CHARS + 1),)) == ()
    assert len(trimmed_capabilities(tuple(str(number) for number in range(100)))) == MAX_CAPABILITIES
