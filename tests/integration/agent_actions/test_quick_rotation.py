"""A file that is rotated twice between two looks loses nothing that could be seen coming."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chatops_agent.actions.logs.log_file import LogFile


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("first\n")
    return path


@pytest.fixture
def followed(log: Path) -> Iterator[LogFile]:
    """The file as it is followed, its first line read."""
    with closing(LogFile(str(log), (log.parent,), tail=10)) as file:
        assert file.read(0.0) == ["first"]
        yield file


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def _rotate(log: Path, number: int) -> Path:
    """Rename it and make it anew, empty, as logrotate's `create` does."""
    rotated = log.with_suffix(f".{number}")
    log.rename(rotated)
    log.touch()
    return rotated


def _rest(followed: LogFile) -> list[str]:
    """Return what it tells until nothing more comes."""
    lines: list[str] = []
    idle = 0
    while idle < 3:
        more = followed.read(0.0)
        lines += more
        idle = 0 if more else idle + 1
    return lines


def test_what_fills_an_empty_file_and_is_rotated_at_once_is_read(log: Path, followed: LogFile) -> None:
    _rotate(log, 1)
    assert followed.read(0.0) == []
    _append(log, "second\n")
    _rotate(log, 2)
    _append(log, "third\n")
    assert _rest(followed) == ["second", "third"]


def test_the_file_before_is_read_as_long_as_the_new_one_is_empty(log: Path, followed: LogFile) -> None:
    before = _rotate(log, 1)
    assert followed.read(0.0) == []
    _append(before, "late\n")
    assert followed.read(0.0) == ["late"]
    _append(before, "later\n")
    _append(log, "second\n")
    assert _rest(followed) == ["later", "second"]


def test_an_empty_file_that_was_replaced_is_not_waited_for(log: Path, followed: LogFile) -> None:
    _rotate(log, 1)
    assert followed.read(0.0) == []
    log.unlink()
    log.touch()
    assert followed.read(0.0) == []
    _append(log, "second\n")
    assert _rest(followed) == ["second"]


def test_a_file_that_was_put_back_is_not_told_again(log: Path, followed: LogFile) -> None:
    before = _rotate(log, 1)
    assert followed.read(0.0) == []
    before.replace(log)
    _append(log, "second\n")
    assert _rest(followed) == ["second"]


def test_however_often_it_is_rotated_no_file_stays_open(log: Path, followed: LogFile) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("open files are counted in /proc")
    _rotate(log, 1)
    followed.read(0.0)
    before = len(list(descriptors.iterdir()))
    for number in range(2, 30):
        _append(log, f"line {number}\n")
        _rotate(log, number)
        assert _rest(followed) == [f"line {number}"]
    assert len(list(descriptors.iterdir())) == before
