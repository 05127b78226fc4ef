import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chatops_agent.actions.processes.cgroups import Cgroups, find_cgroups
from chatops_agent.actions.workshop import Containment
from tests.deadlines import eventually
from tests.integration.agent_actions.hub_side import ALL_ALLOWED, HubSide, hub_side

# Long enough that a process which obeys has done so, short enough to wait for one that does not.
GRACE_S = 0.5


@pytest.fixture(scope="session")
def cgroups() -> Cgroups | None:
    """Where control groups may be made here."""
    return find_cgroups()


@pytest.fixture
async def hub() -> AsyncIterator[HubSide]:
    """A desk as it is where there are no control groups: everything must work there."""
    async with _leaving_nothing(Containment(cgroups=False, grace_s=GRACE_S)) as hub:
        yield hub


@pytest.fixture(params=["without control groups", "with control groups"])
async def contained_hub(request: pytest.FixtureRequest, cgroups: Cgroups | None) -> AsyncIterator[HubSide]:
    """A desk in both ways of keeping processes together."""
    wanted = request.param == "with control groups"
    if wanted and cgroups is None:
        pytest.skip("no control groups of version 2 that may be divided here")
    before = _groups(cgroups)
    async with _leaving_nothing(Containment(cgroups=wanted, grace_s=GRACE_S)) as hub:
        yield hub
    assert _groups(cgroups) <= before


@asynccontextmanager
async def _leaving_nothing(containment: Containment) -> AsyncIterator[HubSide]:
    files = _open_files()
    async with hub_side(ALL_ALLOWED, containment) as hub:
        yield hub
    await eventually(lambda: _open_files() <= files, what=f"open files no more than {files}")
    assert _zombies() == []


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _groups(cgroups: Cgroups | None) -> set[Path]:
    return set() if cgroups is None else set(cgroups.parent.glob(f"chatops-run-{os.getpid()}-*"))


def _zombies() -> list[int]:
    """Leaders of ours that have ended and that nobody has reaped.

    Others are orphans that outlived the desk by a moment; the agent's own end hands them to init.
    """
    left = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, _, session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        pid = int(stat.parent.name)
        if state == "Z" and int(parent) == os.getpid():
            left += [pid] if int(session) == pid else []
            os.waitpid(pid, os.WNOHANG)
    return left
