"""Completion in bash, zsh and fish: argcomplete asks this program what could stand where the cursor is."""

import argparse
import asyncio
from typing import Any, Final

# Somebody waits with a finger on the tab key.
_WITHIN_S: Final = 1.5
_METRIC: Final = "METRIC"
_SERVER: Final = "SERVER"
"""What the help calls an argument that wants a server's name; `--server NAME` is one too."""


def shell_code(shell: str) -> str:
    """Return what a shell has to run once, for `chatops`."""
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415 - only here and at a tab: --help should answer at once

    return str(shellcode(["chatops"], shell=shell))


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a tab key and end the program. To be called where argcomplete's variable is set."""
    import argcomplete  # noqa: PLC0415 - see above

    _give_names(parser)
    argcomplete.autocomplete(parser)


def _give_names(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to look at a parser
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for child in action.choices.values():
                _give_names(child)
        elif action.metavar == _SERVER or (action.dest == "server" and action.metavar == "NAME"):
            action.completer = _server_names  # type: ignore[attr-defined] # what argcomplete looks for
        elif action.metavar == _METRIC:
            action.completer = _metric_names  # type: ignore[attr-defined] # likewise


def _metric_names(prefix: str, **_more: Any) -> list[str]:  # noqa: ANN401 - argcomplete's
    """Return the metrics there are; which labels a server has would have to be asked."""
    from chatops_wire.metrics import CATALOGUE  # noqa: PLC0415 - as above

    return [name for name in CATALOGUE if name.startswith(prefix)]


def _server_names(prefix: str, parsed_args: argparse.Namespace, **_more: Any) -> list[str]:  # noqa: ANN401 - argcomplete's
    """Return names of servers, of the session that is remembered; none where there is no session."""
    from chatops_tui.client.connect import Tls, open_hub  # noqa: PLC0415 - as above
    from chatops_tui.client.errors import HubError  # noqa: PLC0415 - likewise
    from chatops_tui.client.session_file import SessionFile, SessionsBusyError  # noqa: PLC0415 - likewise
    from chatops_tui.config import config_dir, load  # noqa: PLC0415 - likewise
    from chatops_wire.settings import SettingError  # noqa: PLC0415 - likewise

    async def asked() -> list[str]:
        settings = load(vars(parsed_args))
        tls = Tls(settings.tls_ca, settings.tls_pin)
        async with (
            asyncio.timeout(_WITHIN_S),
            open_hub(settings.url, SessionFile(config_dir()), tls=tls) as hub,
        ):
            if not await hub.session.resume(settings.username):
                return []
            return [server.name for server in await hub.rest.servers()]

    try:
        return [name for name in asyncio.run(asked()) if name.startswith(prefix)]
    except (HubError, SettingError, SessionsBusyError, TimeoutError, OSError):
        # Words of ours would stand in the middle of what is being typed.
        return []
