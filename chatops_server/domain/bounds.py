"""What an agent may say of its machine at most: more is cut, negative sizes are 0, and both are counted."""

from typing import Any, Final, TypeVar

from msgspec import structs

from chatops_wire.samples import Disk, Memory, Network, Process, SampleParts

S = TypeVar("S", bound=SampleParts)
T = TypeVar("T")

# Far beyond any machine of a small team; a frame of 1 MiB holds ten times as many.
MOST: Final = {"disks": 256, "networks": 256, "temperatures": 256, "containers": 1_000, "processes": 200}
MOST_CORES: Final = 1_024
# A path may have 4096 bytes, but no label of a metric needs them: they are stored with every series.
MOST_NAME: Final = 256
MOST_COMMAND: Final = 4_096


def bounded(sample: S) -> tuple[S, int]:
    """Return the sample within the bounds, and how many of its values were cut; itself where none was."""
    if _is_within(sample):
        return sample, 0
    changes: dict[str, Any] = {}
    count = 0
    for name, most in MOST.items():
        items: tuple[Any, ...] = getattr(sample, name) or ()
        if len(items) > most:
            count += len(items) - most
            items = changes[name] = items[:most]
        mended = tuple(_mended(item) for item in items)
        altered = sum(new is not old for new, old in zip(mended, items, strict=True))
        if altered:
            count += altered
            changes[name] = mended
    if len(sample.cpu.cores) > MOST_CORES:
        count += len(sample.cpu.cores) - MOST_CORES
        changes["cpu"] = structs.replace(sample.cpu, cores=sample.cpu.cores[:MOST_CORES])
    memory = _mended(sample.memory)
    if memory is not sample.memory:
        count += 1
        changes["memory"] = memory
    return (structs.replace(sample, **changes), count) if changes else (sample, 0)


def _is_within(sample: SampleParts) -> bool:
    # Every sample passes here, so without a call for each of its parts: a tenth of the whole way.
    memory = sample.memory
    lists = (sample.disks, sample.networks, sample.temperatures, sample.containers or (), sample.processes)
    if any(len(items) > most for items, most in zip(lists, MOST.values(), strict=True)):
        return False
    if len(sample.cpu.cores) > MOST_CORES or memory.total < 0 or memory.used < 0:
        return False
    return _are_within(sample)


def _are_within(sample: SampleParts) -> bool:
    for disk in sample.disks:
        if disk.total < 0 or disk.used < 0 or len(disk.mount) > MOST_NAME:
            return False
    for network in sample.networks:
        if len(network.interface) > MOST_NAME:
            return False
    for process in sample.processes:
        if len(process.name) > MOST_NAME or len(process.command) > MOST_COMMAND:
            return False
    return True


def _mended(item: T) -> T:
    match item:
        case Disk(mount=mount, total=total, used=used) if min(total, used) < 0 or len(mount) > MOST_NAME:
            return structs.replace(item, mount=mount[:MOST_NAME], total=max(0, total), used=max(0, used))
        case Network(interface=interface) if len(interface) > MOST_NAME:
            return structs.replace(item, interface=interface[:MOST_NAME])
        case Process(name=name, command=command) if len(name) > MOST_NAME or len(command) > MOST_COMMAND:
            return structs.replace(item, name=name[:MOST_NAME], command=command[:MOST_COMMAND])
        case Memory(total=total, used=used) if total < 0 or used < 0:
            return structs.replace(item, total=max(0, total), used=max(0, used))
        case _:
            pass
    return item
