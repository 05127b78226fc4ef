"""Units of this machine's own journal, where it has one: what the agent tells is what journalctl tells."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from chatops_agent.policy import PERMISSIONS, Policy
from chatops_wire.streams import LogSource, StreamClose, StreamOpen
from tests.integration.agent_actions.hub_side import hub_side

TAIL = 3


@pytest.fixture(scope="session")
def unit() -> str:
    """A unit that has written enough lines."""
    if shutil.which("journalctl") is None:
        pytest.skip("no journalctl here")
    counts: dict[str, int] = {}
    for line in journalctl("--lines=5000", "--output=json", "--output-fields=_SYSTEMD_UNIT"):
        name = json.loads(line).get("_SYSTEMD_UNIT", "")
        counts[name] = counts.get(name, 0) + 1
    found = [name for name, count in counts.items() if name.endswith(".service") and count >= TAIL]
    if not found:
        pytest.skip("the journal here has no unit with lines")
    return found[0]


def journalctl(*arguments: str) -> list[str]:
    done = subprocess.run(  # noqa: S603 - fixed arguments
        ["journalctl", "--quiet", "--no-pager", *arguments],  # noqa: S607 - as the agent finds it
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


async def test_the_last_lines_of_a_unit_are_those_of_the_journal(unit: str) -> None:
    async with hub_side(Policy(frozenset(PERMISSIONS), (Path("/var/log"),))) as hub:
        source = LogSource(unit=unit, tail=TAIL, follow=False)
        hub.say(StreamOpen(stream_id="s", source=source))
        assert (await hub.first(StreamClose)).code is None
        told = hub.lines("s")
    # It may have grown by some since.
    written = journalctl(f"--unit={unit}", "--lines=1000", "--output=cat")
    assert len(told) >= TAIL
    assert "\n".join(told) in "\n".join(written)
