"""What an engine holds besides containers: images, volumes, networks, and the space all of it takes."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from chatops_agent.actions.containers import rules
from chatops_agent.actions.containers.rules import Order
from chatops_agent.actions.containers.work import Answer, Work
from chatops_agent.collectors.text import clean
from chatops_agent.engine.engine import Engine
from chatops_wire.times import format_ms

# Walks the layers of every image, which takes a minute where there are many.
_WALK_WITHIN_S: Final = 120.0
_REMOVE_WITHIN_S: Final = 120.0
_PRUNE_WITHIN_S: Final = 600.0
_NO_NAME: Final = "<none>:<none>"
_RUNS: Final = frozenset({"running", "paused", "restarting"})


class Holdings:
    """Lists, removes and prunes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._walking = asyncio.Lock()

    @property
    def work(self) -> dict[str, Work]:
        """What is done by action."""
        return {
            "images": self._images,
            "volumes": self._volumes,
            "networks": self._networks,
            "df": self._df,
            "image_remove": self._image_remove,
            "image_prune": self._image_prune,
            "volume_remove": self._volume_remove,
            "volume_prune": self._volume_prune,
            "network_remove": self._network_remove,
            "network_prune": self._network_prune,
        }

    async def _images(self, order: Order) -> Answer:
        del order
        images, containers = await self._engine.call(lambda api: (api.images(), api.containers(all=True)))
        used = Counter(str(each.get("ImageID")) for each in containers)
        return {
            "images": [
                {
                    "id": str(each.get("Id")),
                    "tags": [clean(tag) for tag in each.get("RepoTags") or () if tag != _NO_NAME],
                    "size": int(each.get("Size") or 0),
                    "created_at": format_ms(int(each.get("Created") or 0) * 1000),
                    "containers": used[str(each.get("Id"))],
                }
                for each in images
            ]
        }

    async def _volumes(self, order: Order) -> Answer:
        del order
        told, containers = await self._engine.call(lambda api: (api.volumes(), api.containers(all=True)))
        used = {str(mount.get("Name")) for each in containers for mount in each.get("Mounts") or ()}
        return {
            "volumes": [
                {
                    "name": str(each.get("Name")),
                    "driver": clean(str(each.get("Driver") or "")),
                    "mountpoint": clean(str(each.get("Mountpoint") or ""), 4096),
                    "created_at": each.get("CreatedAt"),
                    "in_use": str(each.get("Name")) in used,
                }
                for each in told.get("Volumes") or ()
            ]
        }

    async def _networks(self, order: Order) -> Answer:
        del order
        networks, containers = await self._engine.call(lambda api: (api.networks(), api.containers(all=True)))
        used = {
            str(network.get("NetworkID"))
            for each in containers
            for network in ((each.get("NetworkSettings") or {}).get("Networks") or {}).values()
        }
        return {
            "networks": [
                {
                    "id": str(each.get("Id")),
                    "name": clean(str(each.get("Name") or "")),
                    "driver": clean(str(each.get("Driver") or "")),
                    "scope": clean(str(each.get("Scope") or "")),
                    "in_use": str(each.get("Id")) in used,
                }
                for each in networks
            ]
        }

    async def _df(self, order: Order) -> Answer:
        del order
        # One at a time: two walks side by side take twice as long each.
        async with self._walking:
            return disk_usage(await self._engine.call(lambda api: api.df(), _WALK_WITHIN_S))

    async def _image_remove(self, order: Order) -> Answer:
        force = order.read(rules.Removing).force
        removed = await self._engine.change(
            lambda api: api.remove_image(order.target, force=force), _REMOVE_WITHIN_S
        )
        return {"container": None, "deleted": _images_of(removed or ())}

    async def _volume_remove(self, order: Order) -> Answer:
        force = order.read(rules.Removing).force
        await self._engine.change(lambda api: api.remove_volume(order.target, force=force), _REMOVE_WITHIN_S)
        return {"container": None, "deleted": [order.target]}

    async def _network_remove(self, order: Order) -> Answer:
        await self._engine.change(lambda api: api.remove_network(order.target), _REMOVE_WITHIN_S)
        return {"container": None, "deleted": [order.target]}

    async def _image_prune(self, order: Order) -> Answer:
        # Without a filter those without a name; Docker's word for that is dangling.
        filters = {"dangling": not order.read(rules.Pruning).all}
        pruned = await self._engine.change(lambda api: api.prune_images(filters=filters), _PRUNE_WITHIN_S)
        return _pruned(_images_of(pruned.get("ImagesDeleted") or ()), pruned)

    async def _volume_prune(self, order: Order) -> Answer:
        params = order.read(rules.Pruning)
        # Before API 1.42 always all, and the word is not known; since then those without a name, unless all
        # are asked for.
        filters = {"all": True} if params.all and self._engine.speaks(1, 42) else None
        pruned = await self._engine.change(lambda api: api.prune_volumes(filters=filters), _PRUNE_WITHIN_S)
        return _pruned([str(each) for each in pruned.get("VolumesDeleted") or ()], pruned)

    async def _network_prune(self, order: Order) -> Answer:
        del order
        pruned = await self._engine.change(lambda api: api.prune_networks(), _PRUNE_WITHIN_S)
        return _pruned([str(each) for each in pruned.get("NetworksDeleted") or ()], pruned)


def disk_usage(told: Mapping[str, Any]) -> Answer:
    """Return count, size and what could be had back of each kind, as `docker system df` reckons them."""
    images, containers, volumes, cache = (
        [each for each in told.get(kind) or () if isinstance(each, Mapping)]
        for kind in ("Images", "Containers", "Volumes", "BuildCache")
    )
    layers = int(told.get("LayersSize") or 0)
    in_use = sum(
        max(0, int(each.get("Size") or 0)) - max(0, int(each.get("SharedSize") or 0))
        for each in images
        if each.get("Containers")
    )
    return {
        "images": _kind(len(images), layers, layers - in_use),
        "containers": _sizes(
            containers, lambda each: each.get("SizeRw"), lambda each: each.get("State") in _RUNS
        ),
        "volumes": _sizes(volumes, lambda each: _usage(each, "Size"), lambda each: _usage(each, "RefCount")),
        "build_cache": _sizes(cache, lambda each: each.get("Size"), lambda each: each.get("InUse")),
    }


def _sizes(rows: list[Mapping[str, Any]], size: Any, is_used: Any) -> dict[str, int]:  # noqa: ANN401 - rows of JSON
    sizes = [(max(0, int(size(each) or 0)), bool(is_used(each))) for each in rows]
    return _kind(len(rows), sum(each for each, _ in sizes), sum(each for each, used in sizes if not used))


def _kind(count: int, size: int, reclaimable: int) -> dict[str, int]:
    return {"count": count, "size": size, "reclaimable": max(0, reclaimable)}


def _usage(volume: Mapping[str, Any], name: str) -> int:
    # -1: not reckoned, as the driver does not tell.
    return max(0, int((volume.get("UsageData") or {}).get(name) or 0))


def _images_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(each.get("Deleted") or each.get("Untagged")) for each in rows]


def _pruned(deleted: list[str], told: Mapping[str, Any]) -> Answer:
    return {"container": None, "deleted": deleted, "reclaimed": int(told.get("SpaceReclaimed") or 0)}
