"""A registry of images with one small image, for an engine on this machine: no other is asked."""

import asyncio
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_NAME: Final = "small"


class Registry:
    """Serves `small:1`, and holds its layer back while a test wants that."""

    def __init__(self) -> None:
        self.port = 0
        self.serving = asyncio.Event()
        self.serving.set()
        self.asked_for_layer = asyncio.Event()
        layer = _layer()
        packed = gzip.compress(layer, mtime=0)
        rootfs = {"type": "layers", "diff_ids": [_digest(layer)]}
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}).encode()
        self._blobs = {_digest(packed): packed, _digest(config): config}
        self._layer = _digest(packed)
        self._manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": {"mediaType": _CONFIG, "size": len(config), "digest": _digest(config)},
                "layers": [{"mediaType": _LAYER, "size": len(packed), "digest": _digest(packed)}],
            }
        ).encode()

    @property
    def image(self) -> str:
        """The image's name for the engine; registries on this machine need no TLS."""
        return f"127.0.0.1:{self.port}/{_NAME}:1"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer as a registry does (version 2 of its interface)."""
        path = request.path.removeprefix("/v2/")
        if not path:
            return web.Response()
        if path.startswith(f"{_NAME}/manifests/"):
            headers = {"Docker-Content-Digest": _digest(self._manifest)}
            return web.Response(body=self._manifest, content_type=_MANIFEST, headers=headers)
        digest = path.rpartition("/")[2]
        if digest not in self._blobs:
            return web.json_response(
                {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}, status=404
            )
        if digest == self._layer:
            self.asked_for_layer.set()
            await self.serving.wait()
        return web.Response(body=self._blobs[digest], content_type="application/octet-stream")


@asynccontextmanager
async def registry() -> AsyncIterator[Registry]:
    """A registry that listens."""
    served = Registry()
    app = web.Application()
    app.router.add_get("/v2/{rest:.*}", served.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.port = runner.addresses[0][1]
    try:
        yield served
    finally:
        served.serving.set()
        await runner.cleanup()


def _layer() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"text"))
    return packed.getvalue()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
