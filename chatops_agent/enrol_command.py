"""The arguments of `chatops-agent enroll`. Imports nothing heavy."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chatops_wire.settings import SettingError

if TYPE_CHECKING:
    import argparse

TOKEN_VARIABLE: Final = "CHATOPS_ENROLL_TOKEN"  # noqa: S105 - a name, not a secret
_MAX_LINE: Final = 1024
_EXIT_FAILED: Final = 1
_ABOUT: Final = (
    "Make this machine a server of a hub, by a token that `chatops enroll new` prints. The token comes from "
    "stdin, a file or CHATOPS_ENROLL_TOKEN, never as an argument, which every user of the machine can read. "
    "The key is kept in the data directory; `chatops-agent run` then needs no flags."
)


def add_enroll(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    enroll = commands.add_parser("enroll", help="make this machine a server of a hub", description=_ABOUT)
    enroll.add_argument("--url", metavar="URL", help="the hub, http(s)://HOST:PORT")
    which = enroll.add_mutually_exclusive_group()
    which.add_argument("--token-file", metavar="F", help="a file that holds the token")
    which.add_argument("--token-stdin", action="store_true", help="read the token from one line of stdin")
    enroll.add_argument(
        "--name", metavar="NAME", default="", help="what the server is to be called (host name)"
    )
    enroll.add_argument("--data-dir", metavar="DIR", help="where the agent keeps its state")
    enroll.add_argument("--tls-ca", metavar="F", help="a PEM file to trust for https instead of the system's")
    enroll.add_argument(
        "--tls-pin", metavar="PIN", help="the hub's certificate by its pin (the token has it)"
    )


def run_enroll(options: dict[str, Any], environ: Mapping[str, str] = os.environ) -> int:
    """Enrol and return the exit code: 0 done, 1 the hub said no or is not reached.

    Raises:
        SettingError: One line that names the setting.
    """
    from chatops_agent import config, enrolment  # noqa: PLC0415 - keeps --help light
    from chatops_wire import enrolment_line  # noqa: PLC0415 - likewise

    url = options["url"] or environ.get("CHATOPS_URL") or ""
    if not url:
        raise SettingError("--url: it is missing: the hub's address")
    config.endpoint(url)
    text = _token(options, environ)
    os.environ.pop(TOKEN_VARIABLE, None)
    try:
        token, pin = enrolment_line.parted(text)
    except ValueError as exc:
        raise SettingError(f"the token: {exc}") from exc
    given = options["tls_pin"] or environ.get("CHATOPS_TLS_PIN") or ""
    plan = enrolment.Plan(
        url=url.rstrip("/"),
        token=token,
        data_dir=config.data_dir(options["data_dir"] or environ.get("CHATOPS_DATA_DIR") or "", environ),
        name=options["name"],
        tls_pin=config.checked_pin(given) or (pin if url.startswith("https:") else ""),
        tls_ca=options["tls_ca"] or environ.get("CHATOPS_TLS_CA") or "",
    )
    try:
        done = enrolment.enroll(plan)
    except enrolment.EnrolmentError as exc:
        sys.stderr.write(f"chatops-agent: {exc}\n")
        return _EXIT_FAILED
    named = options["data_dir"]
    elsewhere = f" --data-dir {shlex.quote(str(named))}" if named else ""
    sys.stdout.write(
        f"this machine is the server {done.name} ({done.server_id}),"
        f" its key {done.key_prefix} is in {plan.data_dir}\n"
        f"start it with: chatops-agent run{elsewhere}\n"
    )
    return 0


def _token(options: dict[str, Any], environ: Mapping[str, str]) -> str:
    if options["token_stdin"]:
        text = sys.stdin.readline(_MAX_LINE)
    elif options["token_file"]:
        try:
            with Path(options["token_file"]).open(encoding="utf-8") as file:
                text = file.read(_MAX_LINE)
        except (OSError, UnicodeError) as exc:
            raise SettingError(f"--token-file: {options['token_file']!r}: {exc}") from exc
    else:
        text = environ.get(TOKEN_VARIABLE, "")
    if not text.strip():
        raise SettingError(f"--token-stdin, --token-file or {TOKEN_VARIABLE}: the token is missing")
    return text
