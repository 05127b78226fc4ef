from dataclasses import dataclass

from chatops_agent.collectors.disks import without_doubles
from chatops_agent.collectors.mounts import Mount


@dataclass
class Usage:
    total: int
    used: int = 0
    percent: float = 0.0


def test_a_containers_volume_on_the_hosts_disk_is_told_by_its_root() -> None:
    root, volume = Mount("/", "overlay", "overlay"), Mount("/data", "/dev/sda1", "ext4")
    other = Mount("/other", "/dev/sdb1", "ext4")
    usages = {root: Usage(100), volume: Usage(100), other: Usage(200)}
    assert list(without_doubles(usages)) == [root, other]


def test_two_disks_of_one_size_are_two() -> None:
    usages = {Mount("/", "/dev/sda1", "ext4"): Usage(100), Mount("/data", "/dev/sdb1", "ext4"): Usage(100)}
    assert without_doubles(usages) == usages
