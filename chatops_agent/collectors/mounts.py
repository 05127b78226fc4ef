"""Which of the mounted file systems are worth telling: each device once, no pseudo file systems. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# Served by another machine, so any call on them may hang for as long as that one is away.
NETWORK_TYPES: Final = frozenset(
    {
        "9p", "afp", "afs", "beegfs", "ceph", "cifs", "curlftpfs", "fuse.ceph", "fuse.cephfs",
        "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre",
        "moosefs", "nfs", "nfs4", "smb3", "smbfs", "webdav",
    }
)  # fmt: skip
# Images that are full by nature, and tables the kernel shows as files.
_PSEUDO_TYPES: Final = frozenset(
    {
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cramfs", "debugfs", "devfs",
        "devpts", "devtmpfs", "efivarfs", "erofs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal",
        "fuse.snapfuse", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "overlay", "proc", "procfs",
        "pstore", "ramfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs",
        "tmpfs", "tracefs", "udf",
    }
)  # fmt: skip
# Devices without /dev that are disks all the same.
_POOL_TYPES: Final = frozenset({"apfs", "bcachefs", "btrfs", "hammer", "ufs", "virtiofs", "zfs"})
ROOT: Final = "/"
OVERLAY: Final = "overlay"


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the table of mounts."""

    path: str
    device: str
    fstype: str


def local(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """Return the file systems of this machine's own disks, one a device, by path.

    `/` is always among them, even where it is an overlay as in a container: a machine without any disk
    would be worth less than one whose root stands for the host's.
    """
    known = _on_top(mounts)
    disks = _one_a_device(mount for mount in known if _is_local(mount))
    if any(mount.path == ROOT for mount in disks):
        return disks
    root = next((mount for mount in known if mount.path == ROOT), Mount(ROOT, "", ""))
    return (root, *disks)


def remote(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """Return the file systems other machines serve, one an export, by path."""
    return _one_a_device(mount for mount in _on_top(mounts) if mount.fstype in NETWORK_TYPES)


def _on_top(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    # Of several mounted on one path, only the last can be reached.
    return tuple({mount.path: mount for mount in mounts}.values())


def _is_local(mount: Mount) -> bool:
    if mount.fstype in NETWORK_TYPES or mount.fstype in _PSEUDO_TYPES:
        return False
    return mount.device.startswith("/dev/") or mount.fstype in _POOL_TYPES


def _one_a_device(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    # A bind mount repeats its device; the shortest path is the one people know.
    shortest: dict[str, Mount] = {}
    for mount in mounts:
        key = mount.device or mount.path
        known = shortest.get(key)
        if known is None or len(mount.path) < len(known.path):
            shortest[key] = mount
    return tuple(sorted(shortest.values(), key=lambda mount: mount.path))
