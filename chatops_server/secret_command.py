"""`chatops-server secret rotate`: another key signs access tokens. Imports nothing heavy."""

import argparse
import sys
import time
from typing import Any


def add_rotate(secret: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the command and return it; where the hub's state is, is still to be added."""
    commands = secret.add_subparsers(required=True, metavar="COMMAND")
    rotate = commands.add_parser("rotate", help="have a new key sign; nobody is logged out")
    rotate.add_argument(
        "--forget",
        action="store_true",
        help="end what the keys before signed at once, after a leak: clients refresh, no session ends",
    )
    rotate.set_defaults(work=_rotate)
    return rotate


def _rotate(options: dict[str, Any]) -> int:
    from chatops_server import config, token_keys  # noqa: PLC0415 - keeps --help light
    from chatops_wire.settings import SettingError  # noqa: PLC0415 - likewise

    settings = config.load(options)
    if settings.secret:
        raise SettingError(
            "CHATOPS_SECRET: it signs here, not the keys in the data directory: give every hub the new one,"
            " and the present one as CHATOPS_SECRET_PREVIOUS"
        )
    file = token_keys.TokenKeysFile(settings.data_dir, lambda: time.time_ns() // 1_000_000)
    kid = file.rotate(forget=options["forget"])
    sys.stdout.write(f"key {kid} signs access tokens; a hub that runs takes it over within seconds\n")
    return 0
