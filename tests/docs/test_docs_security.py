"""The threat model names tests that exist, and every advisory has an answer."""

import re

from tests.project import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text()


def test_every_test_it_names_is_there() -> None:
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(re.findall(r"`(test_\w+\.py)`", TEXT)) <= there
    for path in re.findall(r"`(tests/\w+\.py)`", TEXT):
        assert (ROOT / path).is_file()


def test_every_layer_says_what_it_does_not_stop_and_what_attacks_it() -> None:
    rows = [line for line in TEXT.partition("## Layers")[2].partition("\n## ")[0].splitlines() if "|" in line]
    assert len(rows) > 15
    for row in rows[2:]:
        _, layer, stops, leaves, attacked, _ = row.split("|")
        assert min(map(len, (layer.strip(), stops.strip(), leaves.strip()))) > 5, row
        assert "`" in attacked, row
