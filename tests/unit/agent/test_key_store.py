"""The keys of an agent on disk: whatever stops it, one that a hub lets in is still there."""

import stat
from pathlib import Path

import msgspec
import pytest

from chatops_agent import key_store
from chatops_agent.key_store import CannotKeepError, Configured, KeyStore
from chatops_wire.keys import make

OLD, NEW, NEWER = (make(bytes([number]) * 38).text for number in (1, 2, 3))


def in_environment(folder: Path, key: str = OLD) -> KeyStore:
    return KeyStore(Configured(key), folder)


def in_file(folder: Path) -> tuple[KeyStore, Path]:
    path = folder / "etc" / "key"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text(f"{OLD}\n")
    return KeyStore(Configured(path.read_text().strip(), path), folder / "state"), path


def test_the_next_key_is_on_disk_before_it_is_shown_and_nobody_else_reads_it(tmp_path: Path) -> None:
    store = in_environment(tmp_path / "state")
    assert store.keep(NEW) == NEW
    kept = tmp_path / "state" / key_store.NAME
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert store.current == NEW


def test_an_agent_killed_after_it_kept_a_key_shows_that_one_first(tmp_path: Path) -> None:
    in_environment(tmp_path).keep(NEW)
    again = in_environment(tmp_path)
    assert (again.current, again.source) == (NEW, str(tmp_path / key_store.NAME))


def test_a_hub_that_knows_only_the_key_before_is_shown_that(tmp_path: Path) -> None:
    in_environment(tmp_path).keep(NEW)
    again = in_environment(tmp_path)
    assert again.refused() is True
    assert again.current == OLD
    assert again.refused() is False
    assert again.current == NEW


def test_a_key_from_the_environment_stays_followed_by_the_kept_one(tmp_path: Path) -> None:
    store = in_environment(tmp_path)
    store.keep(NEW)
    store.accepted()
    again = in_environment(tmp_path)
    assert again.current == NEW
    again.keep(NEWER)
    again.accepted()
    assert in_environment(tmp_path).current == NEWER


def test_between_two_rotations_the_key_before_is_the_one_shown_next(tmp_path: Path) -> None:
    store = in_environment(tmp_path)
    store.keep(NEW)
    store.accepted()
    store.keep(NEWER)
    again = in_environment(tmp_path)
    assert again.refused() is True
    assert again.current == NEW


def test_a_key_that_is_taken_up_is_written_into_the_file_of_the_one_before(tmp_path: Path) -> None:
    store, path = in_file(tmp_path)
    store.keep(NEW)
    assert path.read_text() == f"{OLD}\n"
    store.accepted()
    assert path.read_text() == f"{NEW}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not (tmp_path / "state" / key_store.NAME).exists()
    again, _ = in_file(tmp_path)
    assert (again.current, again.source) == (NEW, str(path))


def test_a_key_file_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    real = tmp_path / "store"
    real.write_text(OLD)
    link = tmp_path / "link"
    link.symlink_to(real)
    store = KeyStore(Configured(OLD, link), tmp_path / "state")
    store.keep(NEW)
    store.accepted()
    assert (link.is_symlink(), real.read_text()) == (True, OLD)
    assert KeyStore(Configured(OLD, link), tmp_path / "state").current == NEW


def test_another_configured_key_goes_before_the_kept_one(tmp_path: Path) -> None:
    store = in_environment(tmp_path)
    store.keep(NEW)
    store.accepted()
    assert in_environment(tmp_path, NEWER).current == NEWER


def test_a_key_that_cannot_be_written_is_said_to_be_not_kept(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    store = in_environment(tmp_path / "state")
    with pytest.raises(CannotKeepError):
        store.keep(NEW)
    assert store.current == OLD


@pytest.mark.parametrize("text", ["", "chops_", "../../etc/passwd", NEW[:-1]])
def test_what_is_no_key_is_not_kept(tmp_path: Path, text: str) -> None:
    store = in_environment(tmp_path)
    with pytest.raises(CannotKeepError):
        store.keep(text)
    assert not (tmp_path / key_store.NAME).exists()


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"configured":"","key":"x"}', b"\xff" * 9000])
def test_a_damaged_file_leaves_the_configured_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / key_store.NAME).write_bytes(content)
    assert in_environment(tmp_path).current == OLD


def test_a_machine_that_has_enrolled_needs_no_configured_key(tmp_path: Path) -> None:
    kept = msgspec.json.encode(key_store.Kept(configured="", key=NEW))
    (tmp_path / key_store.NAME).write_bytes(kept)
    assert in_environment(tmp_path, "").current == NEW
