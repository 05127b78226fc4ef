"""What `chatops status` counts, and when all is well."""

import pytest

from chatops_tui.commands.tally import Tally

WELL = {"ok": 3, "warn": 1, "crit": 0, "offline": 0, "firing": 2, "critical": 0}


@pytest.mark.parametrize(
    ("differs", "expected"),
    [({}, True), ({"offline": 1}, False), ({"crit": 1}, False), ({"critical": 1}, False)],
)
def test_a_script_is_told_of_what_is_gone_or_critical(differs: dict[str, int], *, expected: bool) -> None:
    counted = Tally(**(WELL | differs))
    assert (counted.is_well, counted.facts()["well"]) == (expected, expected)
