"""Flags of `chatops-server run` about whom the hub answers and meets. Imports nothing heavy."""

import argparse


def add_allowed_host(run: argparse.ArgumentParser) -> None:
    """Add it. Values stay text and an absent flag None: chatops_wire.settings decides."""
    run.add_argument(
        "--allowed-host",
        metavar="NAME",
        action="append",
        help="answer only requests for this host name or address; repeatable (any)",
    )


def add_bus(run: argparse.ArgumentParser) -> None:
    """Add it, likewise."""
    run.add_argument(
        "--bus",
        metavar="URL",
        help="where hubs that share a database meet: nats://HOST:PORT, several with commas (none)",
    )
