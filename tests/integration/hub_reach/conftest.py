"""Two whole hubs on one PostgreSQL database and one NATS, agents by script at one and users at the other."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from chatops_server.app import open_hub, serving
from chatops_server.assembly import Setup
from chatops_server.bus.address import NatsAddress
from chatops_server.config import Config
from chatops_server.services.commands.keeper import Patience
from chatops_server.services.hubs.heartbeat import Rhythm
from chatops_server.storage.postgres.address import PostgresUrl
from tests.integration.hub_commands.conftest import ADMIN_PASSWORD, CHEAP, SECRET, Stage
from tests.postgres_server import PostgresServer

# Hubs look for each other often, but give each other up as late as usual: two busy cores make nobody dead.
QUICK = Rhythm(beat_s=0.1, look_s=0.1)
# A hub that says once that it runs, and one that soon believes it gone.
SILENT = Rhythm(beat_s=3600, look_s=0.1)
STRICT = Rhythm(beat_s=0.1, dead_after_s=1.0, look_s=0.1)


@dataclass
class Site:
    """Hubs that share a database and a bus."""

    address: PostgresUrl
    bus: NatsAddress | None
    folder: Path
    patience: Patience = field(default_factory=Patience)

    @asynccontextmanager
    async def hub(self, name: str, rhythm: Rhythm = QUICK) -> AsyncIterator[Stage]:
        """Open one more of them; its users' tokens are good at all."""
        data_dir = self.folder / name
        setup = Setup(
            self.address,
            data_dir,
            ADMIN_PASSWORD,
            SECRET,
            CHEAP,
            bus=self.bus,
            rhythm=rhythm,
            patience=self.patience,
        )
        config = Config(
            host="127.0.0.1",
            port=0,
            data_dir=data_dir,
            database=self.address,
            tls=None,
            log_level="info",
            admin_password=None,
            secret=None,
        )
        async with (
            open_hub(setup) as running,
            serving(running, config) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
        ):
            await running.first_admin()
            stage = Stage(running, http, data_dir)
            stage.token = await stage.login()
            try:
                yield stage
            finally:
                await stage.close()


@dataclass
class Pair:
    """Hub `a`, which agents come to, and hub `b`, which users come to; both know the one server."""

    a: Stage
    b: Stage
    site: Site


@pytest.fixture
def site(postgres_server: PostgresServer, nats_address: NatsAddress, tmp_path: Path) -> Iterator[Site]:
    """A place for hubs that give agents up slowly, as usual."""
    with postgres_server.database() as address:
        yield Site(address, nats_address, tmp_path)


@asynccontextmanager
async def paired(site: Site, of_a: Rhythm = QUICK, of_b: Rhythm = QUICK) -> AsyncIterator[Pair]:
    """Open two hubs with one server, whose agent is not connected yet."""
    async with site.hub("a", of_a) as a:
        a.server_id, a.key = await a.server("web-1")
        async with site.hub("b", of_b) as b:
            b.server_id, b.key = a.server_id, a.key
            yield Pair(a, b, site)


@pytest.fixture
async def pair(site: Site) -> AsyncIterator[Pair]:
    """Two hubs with one server."""
    async with paired(site) as opened:
        yield opened
