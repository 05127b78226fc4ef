"""Control groups of both versions, as trees of files, since a machine has only one of them."""

from pathlib import Path
from typing import Final

import pytest

from chatops_agent.collectors.containers.cgroup_files import (
    CgroupFiles,
    UnreadableError,
    hierarchies,
    own_container_id,
    own_group,
)
from chatops_agent.collectors.containers.usage import MemoryUse, Usage

ID: Final = "0123456789abcdef" * 4
OTHER: Final = "f" * 64
NET: Final = "eth0: 100 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with this process and the container's main one, 42."""
    _write(tmp_path / "proc" / "42" / "net", {"dev": NET})
    return tmp_path / "proc"


def _first_version(proc: Path, root: str = "/") -> Path:
    mounts = proc.parent / "cgroup"
    lines = [
        f"{number} 1 0:{number} {root} {mounts}/{kind.split(',')[0]} rw - cgroup cgroup rw,{kind}\n"
        for number, kind in enumerate(("cpu,cpuacct", "memory", "blkio", "pids"))
    ]
    _write(proc / "self", {"mountinfo": "".join(lines)})
    groups = [
        f"{number}:{kind}:/docker/{ID}\n"
        for number, kind in enumerate(("x", "cpu,cpuacct", "memory", "blkio", "pids"))
    ]
    _write(proc / "42", {"cgroup": "".join(groups) + f"0::/docker/{ID}\n"})
    _write(
        mounts / "cpu" / "docker" / ID,
        {"cpuacct.usage": "5000\n", "cpu.stat": "nr_periods 10\nnr_throttled 3\n"},
    )
    _write(
        mounts / "memory" / "docker" / ID,
        {
            "memory.usage_in_bytes": "1000\n",
            "memory.stat": "total_inactive_file 400\ntotal_rss 100\ntotal_cache 500\ntotal_shmem 7\nrss 1\n",
        },
    )
    _write(
        mounts / "blkio" / "docker" / ID,
        {"blkio.throttle.io_service_bytes_recursive": "8:0 Read 30\n8:0 Write 40\nTotal 70\n"},
    )
    _write(mounts / "pids" / "docker" / ID, {"pids.current": "6\n"})
    return mounts


def _second_version(proc: Path, group: str) -> Path:
    mount = proc.parent / "unified"
    _write(proc / "self", {"mountinfo": f"30 1 0:26 / {mount} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"})
    _write(proc / "42", {"cgroup": f"0::{group}\n"})
    own = own_group(group, ID) or ""
    _write(
        mount / own.lstrip("/"),
        {
            "memory.current": "2000\n",
            "memory.stat": "anon 100\nfile 900\nshmem 9\ninactive_file 800\n",
            "cpu.stat": "usage_usec 7\nuser_usec 3\nnr_periods 4\nnr_throttled 1\n",
            "io.stat": "8:0 rbytes=5 wbytes=6 rios=1 wios=1\n",
            "pids.current": "3\n",
        },
    )
    return mount


def test_the_first_version_is_read(proc: Path) -> None:
    _first_version(proc)
    files = CgroupFiles(str(proc))
    assert Usage(
        cpu_ns=5000, periods=10, throttled=3, rx=100, tx=20, read=30, written=40,
        memory=MemoryUse(600, 100, 500, 7), pids=6,
    ) == files.read(files.find(ID, 42, has_network=True))  # fmt: skip


@pytest.mark.parametrize(
    "group",
    [
        f"/system.slice/docker-{ID}.scope",
        f"/docker/{ID}",
        # systemd within the container has put its process one further down.
        f"/machine.slice/libpod-{ID}.scope/container/init.scope",
    ],
)
def test_the_second_version_is_read_wherever_the_engine_puts_it(proc: Path, group: str) -> None:
    _second_version(proc, group)
    files = CgroupFiles(str(proc))
    assert Usage(
        cpu_ns=7000, periods=4, throttled=1, rx=100, tx=20, read=5, written=6,
        memory=MemoryUse(1200, 100, 900, 9), pids=3,
    ) == files.read(files.find(ID, 42, has_network=True))  # fmt: skip


def test_without_a_network_of_its_own_there_is_no_traffic(proc: Path) -> None:
    _second_version(proc, f"/docker/{ID}")
    files = CgroupFiles(str(proc))
    read = files.read(files.find(ID, 42, has_network=False))
    assert (read.rx, read.tx) == (None, None)


def test_a_pid_of_another_namespace_is_not_believed(proc: Path) -> None:
    """Here that pid is somebody else's process, in a group of another name."""
    _second_version(proc, f"/docker/{OTHER}")
    with pytest.raises(UnreadableError):
        CgroupFiles(str(proc)).find(ID, 42, has_network=False)


def test_groups_that_are_not_mounted_here_cannot_be_read(proc: Path) -> None:
    _first_version(proc, root="/kubepods")
    with pytest.raises(UnreadableError):
        CgroupFiles(str(proc)).find(ID, 42, has_network=False)


def test_a_network_that_is_hidden_makes_all_of_it_unreadable(proc: Path) -> None:
    """So that the engine is asked instead, which sees it."""
    _second_version(proc, f"/docker/{ID}")
    (proc / "42" / "net" / "dev").unlink()
    with pytest.raises(UnreadableError):
        CgroupFiles(str(proc)).find(ID, 42, has_network=True)


def test_a_container_that_has_ended_cannot_be_read_any_more(proc: Path) -> None:
    mounts = _first_version(proc)
    files = CgroupFiles(str(proc))
    place = files.find(ID, 42, has_network=False)
    (mounts / "cpu" / "docker" / ID / "cpuacct.usage").unlink()
    with pytest.raises(UnreadableError):
        files.read(place)


def test_odd_lines_of_mounts_are_skipped() -> None:
    assert set(hierarchies("broken\n1 2 3:4 / /x rw - cgroup2\n1 2 3:4 / /y rw - tmpfs tmpfs rw\n")) == set()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("cgroup", f"0::/system.slice/docker-{ID}.scope\n", ID),
        ("cgroup", f"4:memory:/docker/{ID}\n", ID),
        # With a namespace of its own the group is `/`; what is mounted still tells.
        (
            "mountinfo",
            f"1 2 0:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/sda rw\n",
            ID,
        ),
        ("cgroup", "0::/user.slice/user-1000.slice/session-2.scope\n", None),
        # The machine itself, where containers run beside this process.
        ("mountinfo", f"1 2 0:1 / /var/lib/docker/containers/{ID}/mounts/shm rw - tmpfs shm rw\n", None),
    ],
)
def test_the_container_this_process_runs_in_is_found(
    tmp_path: Path, name: str, text: str, expected: str | None
) -> None:
    _write(tmp_path / "self", {name: text})
    assert expected == own_container_id(str(tmp_path))
