"""`chatops ssh-keys`: show, add and remove the public keys by which one reaches the UI over ssh."""

import argparse
import getpass
import sys
from pathlib import Path
from typing import Final

from chatops_tui.client.connect import Hub
from chatops_tui.commands.access_words import cells, day, whole_ids
from chatops_tui.commands.grid import say, show_table
from chatops_tui.commands.say import say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store.alert_texts import WrongTextError
from chatops_wire.rest_ssh_keys import SshKeyCreate

_TITLES: Final = ("ID", "NAME", "FINGERPRINT", "ADDED", "LAST USED")
# As the hub takes it.
_MOST_CHARACTERS: Final = 8192


def ssh_keys(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do what was typed; WrongTextError, NoSuchOneError."""
    match arguments.deed:
        case "add":
            return _add(settings, arguments)
        case "remove":
            return _remove(settings, arguments)
        case _:
            return _show(settings, as_json=arguments.json)


def _show(settings: Settings, *, as_json: bool) -> int:
    async def job(hub: Hub) -> int:
        found = await hub.rest.access.ssh_keys()
        if as_json:
            say_json(found)
            return ExitCode.DONE
        rows = [
            cells(settings, key.id, key.name, key.fingerprint, day(key.created_at), day(key.last_used_at))
            for key in found
        ]
        empty = "no keys yet: `chatops ssh-keys add ~/.ssh/id_ed25519.pub` adds one"
        show_table(settings, _TITLES, rows, wraps="NAME", empty=empty)
        return ExitCode.DONE

    return with_hub(settings, job)


def _add(settings: Settings, arguments: argparse.Namespace) -> int:
    line = _line(arguments.file)
    body = SshKeyCreate(public_key=line, name=arguments.name, password=_password(settings))

    async def job(hub: Hub) -> int:
        made = await hub.rest.access.add_ssh_key(body)
        if arguments.json:
            say_json(made)
        else:
            say(settings, f"{made.id}: {made.name or 'the key'} ({made.fingerprint}) is let in")
        return ExitCode.DONE

    return with_hub(settings, job)


def _remove(settings: Settings, arguments: argparse.Namespace) -> int:
    async def job(hub: Hub) -> int:
        known = [key.id for key in await hub.rest.access.ssh_keys()]
        ids = whole_ids(arguments.ids, known)
        for key_id in ids:
            await hub.rest.access.remove_ssh_key(key_id)
            if not arguments.json:
                say(settings, f"{key_id}: removed")
        if arguments.json:
            say_json({"removed": ids})
        return ExitCode.DONE

    return with_hub(settings, job)


def _password(settings: Settings) -> str:
    """Return the user's own password: of the environment, or typed."""
    if settings.password is not None:
        return settings.password
    if sys.stdin is None or not sys.stdin.isatty():
        raise WrongTextError("your password is needed once more: set CHATOPS_PASSWORD")
    try:
        return getpass.getpass("Your password once more: ", stream=sys.stderr)
    except EOFError as exc:
        raise WrongTextError("no password given") from exc


def _line(name: str) -> str:
    try:
        text = sys.stdin.read(_MOST_CHARACTERS) if name == "-" else _read(Path(name).expanduser())
    except (OSError, UnicodeDecodeError, RuntimeError) as exc:
        raise WrongTextError(f"{name}: {getattr(exc, 'strerror', None) or exc}") from exc
    if "PRIVATE KEY" in text:
        raise WrongTextError(f"{name} is a private key: nobody else may have it; name the .pub beside it")
    if not text.strip():
        raise WrongTextError(f"{name} holds no key")
    return text.strip().splitlines()[0]


def _read(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(_MOST_CHARACTERS)
