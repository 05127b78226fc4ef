"""What the UI logs costs neither its start nor the disk."""

import logging
from pathlib import Path

from chatops_tui.log_file import FILE, log_handler


def write(handler: logging.Handler, line: str, times: int = 1) -> None:
    for _ in range(times):
        handler.handle(logging.makeLogRecord({"msg": line, "levelname": "WARNING", "name": "chatops_tui.x"}))
    handler.close()


def test_lines_are_kept_in_a_folder_of_the_users_own(tmp_path: Path) -> None:
    write(log_handler(tmp_path / "state"), "event not understood")
    assert "WARNING chatops_tui.x: event not understood" in (tmp_path / "state" / FILE).read_text()
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_the_file_stays_small_however_much_goes_wrong(tmp_path: Path) -> None:
    write(log_handler(tmp_path), "x" * 1000, times=5000)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2.2 * 1024 * 1024


def test_a_home_that_cannot_be_written_costs_the_log_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    write(log_handler(tmp_path / "file" / "state"), "lost")
