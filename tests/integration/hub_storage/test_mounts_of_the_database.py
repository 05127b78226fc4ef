"""A database on a network file system is refused."""

from pathlib import Path

import pytest

from chatops_server.storage.sqlite.mounts import network_file_system

MOUNTINFO = r"""
21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 21 0:26 / /srv rw,relatime shared:2 master:1 - nfs4 files:/srv rw,vers=4.2
31 30 0:27 / /srv/local rw - tmpfs tmpfs rw
32 21 0:28 / /mnt/two\040words rw - cifs //files/share rw
33 21 0:29 / /over rw - ext4 /dev/vdb rw
34 33 0:30 / /over rw - fuse.sshfs files: rw
broken line
"""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/data", None),
        ("/srv/chatops", "nfs4"),
        ("/srvchatops", None),
        ("/srv/local/chatops", None),
        ("/mnt/two words/chatops", "cifs"),
        ("/over/chatops", "fuse.sshfs"),
    ],
)
def test_the_innermost_mount_decides(tmp_path: Path, folder: str, expected: str | None) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTINFO)
    assert expected == network_file_system(Path(folder), mounts)


def test_where_mounts_are_not_listed_nothing_is_refused(tmp_path: Path) -> None:
    assert network_file_system(tmp_path, tmp_path / "nothing") is None


def test_this_folder_is_fine(tmp_path: Path) -> None:
    assert network_file_system(tmp_path) is None
