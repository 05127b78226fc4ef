"""A made-up fleet to look at the screens with.

`python -m tests.tui.screens.served_fleet 8765` serves until interrupted: user admin, secret-password.
"""

import asyncio
import contextlib
import sys
from typing import Any

from tests.tui.screens.alert_seeds import seed
from tests.tui.screens.docker_double import DB_CONTAINERS, WEB_CONTAINERS, with_stock
from tests.tui.screens.hub_double import HubDouble
from tests.tui.screens.synthetic import FLEET, Machine


async def serve(port: int, machines: tuple[Machine, ...]) -> None:
    double = HubDouble(machines)
    double.docker.put("id-db-01", DB_CONTAINERS)
    double.docker.put("id-web-01", WEB_CONTAINERS)
    with_stock(double.docker)
    seed(double.alerts)
    await double.start(port)
    sys.stdout.write(f"{double.url}\n")
    sys.stdout.flush()
    while True:
        await asyncio.sleep(1)
        await double.tick()


def main(argv: list[str]) -> Any:  # noqa: ANN401 - runs until interrupted
    count = int(argv[2]) if len(argv) > 2 else len(FLEET)
    more = tuple(
        Machine(f"node-{n:03}", ("env=test",), n * 7 % 100, n * 13 % 90, n % 80) for n in range(count)
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(argv[1]), (FLEET + more)[:count]))


if __name__ == "__main__":
    main(sys.argv)
