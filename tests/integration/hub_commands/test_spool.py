"""Files that do not outlive the hub."""

from pathlib import Path

import pytest

from chatops_server.storage.spool import Spool


async def test_the_spool_holds_files_of_this_hub_only(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "spool"
    spool = Spool(folder)
    await spool.open()
    await spool.put("a", b"one")
    await spool.put("a", b"two")
    assert await spool.get("a") == b"two"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "a").stat().st_mode & 0o777 == 0o600
    await spool.drop("a", "never there")
    with pytest.raises(FileNotFoundError):
        await spool.get("a")
    await spool.put("b", b"left behind")
    await Spool(folder).open()
    assert list(folder.iterdir()) == []
