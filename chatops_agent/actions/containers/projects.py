"""In which order the containers of a compose project are started and stopped. Pure."""

from collections.abc import Sequence

from chatops_agent.collectors.containers.description import Described


def levels(members: Sequence[Described], *, reverse: bool = False) -> list[list[Described]]:
    """Return the containers in groups: each needs only services of the groups before it.

    Args:
        members: Of one project.
        reverse: In the order of a stop: first what nobody needs.
    """
    services = {each.facts.service for each in members}
    left = sorted(members, key=lambda each: each.facts.name)
    started: set[str | None] = set()
    ordered: list[list[Described]] = []
    while left:
        ready = [
            each for each in left if all(need in started or need not in services for need in each.depends_on)
        ]
        # Whoever needs each other in a circle goes together.
        level = ready or left
        ordered.append(level)
        started |= {each.facts.service for each in level}
        left = [each for each in left if each not in level]
    return ordered[::-1] if reverse else ordered
