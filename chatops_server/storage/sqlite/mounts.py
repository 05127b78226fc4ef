"""Whether a folder is on a network file system, where SQLite's locks and shared memory do not hold."""

import re
from pathlib import Path
from typing import Final

# https://sqlite.org/wal.html: "WAL does not work over a network filesystem". Those of virtual machines and
# containers (9p, virtiofs, overlay) have one machine behind them and are let through.
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs"}
)
_MOUNTS: Final = Path("/proc/self/mountinfo")


def network_file_system(folder: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the kind of network file system `folder` is on; None: none, or not to be found out here."""
    try:
        listed = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    kind = _kind_of(folder.resolve(), listed)
    return kind if kind in _NETWORK else None


def _kind_of(folder: Path, mountinfo: str) -> str:
    """Return the type of the innermost mount above `folder` (proc(5), mountinfo); empty if unknown."""
    found, depth = "", -1
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < _MOUNT_POINT + 1:
            continue
        mount = Path(re.sub(r"\\([0-7]{3})", _character, fields[_MOUNT_POINT]))
        # Of two mounts on one point the later one is on top.
        if folder.is_relative_to(mount) and len(mount.parts) >= depth:
            found, depth = after.split(" ")[0], len(mount.parts)
    return found


# Mount point: the fifth field of a line.
_MOUNT_POINT: Final = 4


def _character(octal: re.Match[str]) -> str:
    return chr(int(octal[1], 8))
