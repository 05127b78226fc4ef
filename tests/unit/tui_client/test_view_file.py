"""What is remembered of the view from one start to the next."""

from pathlib import Path

import pytest

from chatops_tui.view_file import View, remember, remembered


def test_what_was_chosen_is_known_again(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert remembered(folder) == View()
    remember(folder, View(theme="chatops-light"))
    remember(folder, View(theme="chatops-contrast"))
    assert remembered(folder) == View(theme="chatops-contrast")
    assert [path.name for path in folder.iterdir()] == ["view.json"]


@pytest.mark.parametrize("content", [b"", b"no json", b'{"theme": 7}', b"\xff"])
def test_a_file_that_is_not_ours_means_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "view.json").write_bytes(content)
    assert remembered(tmp_path) == View()
