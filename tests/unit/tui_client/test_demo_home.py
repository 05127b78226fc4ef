"""The demo's folder: private, kept for the next start, used by one demo at a time."""

import stat
from pathlib import Path

import pytest

from chatops_tui.config import Settings
from chatops_tui.demo.errors import DemoError
from chatops_tui.demo.home import opened
from chatops_tui.demo.run import DemoPlan, run_demo
from chatops_wire.settings import SettingError


def test_what_a_second_start_needs_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path / "a" / "demo") as home:
        password = home.password()
        assert (home.key(), home.server_id()) == ("", "")
        home.remember("srv_1", "chops_key")
    with opened(tmp_path / "a" / "demo") as home:
        assert (home.password(), home.key(), home.server_id()) == (password, "chops_key", "srv_1")


def test_every_file_is_private(tmp_path: Path) -> None:
    with opened(tmp_path / "demo") as home:
        home.password()
        home.remember("srv_1", "chops_key")
    files = list(home.folder.iterdir())

    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700


def test_passwords_differ(tmp_path: Path) -> None:
    with opened(tmp_path / "a") as one, opened(tmp_path / "b") as other:
        assert one.password() != other.password()
        assert len(one.password()) >= 16


def test_a_second_demo_is_kept_out(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(DemoError, match="a demo is already running in"), opened(tmp_path):
        pass
    with opened(tmp_path):
        pass


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match="cannot be used: "), opened(tmp_path / "file" / "demo"):
        pass


def test_a_home_of_nobody_is_a_wrong_setting() -> None:
    plan = DemoPlan(headless=True, port=0, data_dir="~nobody_of_that_name/demo")
    with pytest.raises(SettingError, match="--data-dir: '~nobody_of_that_name/demo': there is no such home"):
        run_demo(Settings(), plan)
