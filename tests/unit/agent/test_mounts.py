from chatops_agent.collectors.mounts import Mount, local, remote

ROOT = Mount("/", "/dev/sda1", "ext4")


def test_pseudo_file_systems_and_full_images_are_left_out() -> None:
    mounts = [
        ROOT,
        Mount("/proc", "proc", "proc"),
        Mount("/run", "tmpfs", "tmpfs"),
        Mount("/snap/core/1", "/dev/loop0", "squashfs"),
        Mount("/var/lib/docker/overlay2/x/merged", "overlay", "overlay"),
        Mount("/run/user/1/gvfs", "gvfsd", "fuse.gvfsd-fuse"),
    ]
    assert local(mounts) == (ROOT,)
    assert remote(mounts) == ()


def test_a_device_counts_once_under_its_shortest_path() -> None:
    mounts = [
        Mount("/var/lib/kubelet/pods/1/volume", "/dev/sdb1", "xfs"),
        Mount("/data", "/dev/sdb1", "xfs"),
        Mount("/data/copy", "/dev/sdb1", "xfs"),
        ROOT,
    ]
    assert local(mounts) == (ROOT, Mount("/data", "/dev/sdb1", "xfs"))


def test_pools_without_a_device_node_are_disks_too() -> None:
    tank = Mount("/tank", "tank/home", "zfs")
    assert local([ROOT, tank]) == (ROOT, tank)


def test_only_the_last_of_two_mounts_on_one_path_can_be_reached() -> None:
    above = Mount("/mnt", "/dev/sdc1", "ext4")
    assert local([ROOT, Mount("/mnt", "/dev/sdb1", "ext4"), above]) == (ROOT, above)


def test_a_container_has_its_root_even_on_an_overlay() -> None:
    overlay = Mount("/", "overlay", "overlay")
    data = Mount("/data", "/dev/sda1", "ext4")
    assert local([overlay, data]) == (overlay, data)


def test_a_machine_that_lists_no_mounts_still_has_a_root() -> None:
    assert local([]) == (Mount("/", "", ""),)


def test_what_other_machines_serve_is_apart_and_once_an_export() -> None:
    home = Mount("/home", "nas:/home", "nfs4")
    mounts = [
        ROOT,
        Mount("/home/shared/again", "nas:/home", "nfs4"),
        home,
        Mount("/w", "//win/share", "cifs"),
    ]
    assert remote(mounts) == (home, Mount("/w", "//win/share", "cifs"))
    assert local(mounts) == (ROOT,)
