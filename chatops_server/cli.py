"""The `chatops-server` command: arguments in, exit codes out."""

import argparse
import getpass
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from chatops_server import run_flags, secret_command
from chatops_wire.settings import SettingError
from chatops_wire.version import VERSION

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2

_MOST_COPIES: Final = 1_000

Options = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = vars(_parser().parse_args(arguments))
    work: Callable[[Options], int] = options.pop("work")
    # Imported here, so that --help needs no database and no web framework.
    from chatops_server.app import CannotListenError  # noqa: PLC0415
    from chatops_server.errors import ChatopsError, InvalidRequestError  # noqa: PLC0415

    try:
        return work(options)
    except SettingError as exc:
        return _refused(str(exc), EXIT_USAGE)
    except InvalidRequestError as exc:
        return _refused(exc.detail, EXIT_USAGE)
    except ChatopsError as exc:
        return _refused(getattr(exc, "reason", exc.detail), EXIT_FAILED)
    except CannotListenError as exc:
        return _refused(str(exc), EXIT_FAILED)
    except KeyboardInterrupt:
        # Before the hub's own handlers stand.
        return EXIT_OK


def _run(options: Options) -> int:
    from chatops_server import app, config, logs  # noqa: PLC0415 - keeps --help light

    settings = config.load(options)
    config.check_exposure(settings)
    # What this process starts later shall not inherit them.
    for name in ("CHATOPS_SECRET", "CHATOPS_SECRET_PREVIOUS", "CHATOPS_ADMIN_PASSWORD"):
        os.environ.pop(name, None)
    logs.to_stderr(settings.log_level)
    app.run(settings, _say)
    return EXIT_OK


def _user_add(options: Options) -> int:
    from chatops_server import config, console  # noqa: PLC0415 - keeps --help light

    settings = config.load(options)
    user = console.add_user(settings, options["name"], options["role"], _password(options))
    _say(f"added {user.username} ({user.role})")
    return EXIT_OK


def _user_list(options: Options) -> int:
    from chatops_server import config, console  # noqa: PLC0415 - keeps --help light

    users = console.list_users(config.load(options))
    width = max([len(user.username) for user in users], default=0)
    for user in users:
        note = "" if user.active else "  disabled"
        _say(f"{user.username:<{width}}  {user.role:<8}  {user.created_at}{note}")
    return EXIT_OK


def _user_remove(options: Options) -> int:
    from chatops_server import config, console  # noqa: PLC0415 - keeps --help light

    console.remove_user(config.load(options), options["name"])
    _say(f"removed {options['name']}")
    return EXIT_OK


def _user_password(options: Options) -> int:
    from chatops_server import config, console  # noqa: PLC0415 - keeps --help light

    console.set_password(config.load(options), options["name"], _password(options))
    _say(f"changed the password of {options['name']}")
    return EXIT_OK


def _tls_init(options: Options) -> int:
    from chatops_server import certificate, config  # noqa: PLC0415 - keeps --help light

    settings = config.load(options)
    pin = certificate.make_own(settings.data_dir, options["names"], renew=options["renew"])
    _say(pin)
    print(  # noqa: T201 - the pin alone is on stdout, for scripts
        "The hub serves https with it from its next start. Agents and users name the pin:\n"
        f"  chatops-agent run --tls-pin {pin} ...\n  chatops --tls-pin {pin} ...",
        file=sys.stderr,
    )
    return EXIT_OK


def _tls_show(options: Options) -> int:
    from chatops_server import certificate, config, tls_files  # noqa: PLC0415 - keeps --help light

    _say(certificate.pin_in(tls_files.own_pair(config.load(options).data_dir).cert))
    return EXIT_OK


def _backup(options: Options) -> int:
    from chatops_server import config, copies  # noqa: PLC0415 - keeps --help light

    began = time.monotonic()
    target = copies.backup(config.load(options), options["file"], options["keep"])
    size_mb = target.stat().st_size / 1e6
    _say(f"{target}: {size_mb:.1f} MB in {time.monotonic() - began:.1f} s")
    return EXIT_OK


def _restore(options: Options) -> int:
    from chatops_server import config, copies  # noqa: PLC0415 - keeps --help light

    settings = config.load(options)
    with _progress() as progress:
        before, chain = copies.restore(settings, options["file"], progress)
    _say(f"restored {settings.database} from {options['file']}")
    if before is not None:
        _say(f"the database before is {before}: remove it when it is not needed any more")
    if chain.broken:
        print(f"chatops-server: its audit chain is broken: {chain.broken}", file=sys.stderr)  # noqa: T201
    return EXIT_OK


def _migrate_to(options: Options) -> int:
    from chatops_server import config, copies  # noqa: PLC0415 - keeps --help light
    from chatops_server.storage.postgres.address import parsed  # noqa: PLC0415 - likewise

    target, settings = parsed(options["url"], "URL"), config.load(options)
    began = time.monotonic()
    with _progress() as progress:
        moved = copies.migrate_to(settings, target, progress)
    went_on = " (the rest of them, after an earlier attempt)" if moved.resumed else ""
    took_s = time.monotonic() - began
    _say(f"{moved.rows} rows of {moved.tables} tables in {took_s:.1f} s{went_on}, all counted")
    chain = moved.chain
    state = "ok" if chain.broken is None else f"BROKEN as it was before: {chain.broken}"
    _say(f"audit chain  {state}; {chain.entries} entries hold together, the last one is {chain.head}")
    _say(f"Start the hub with --database {target} and the same --data-dir:")
    _say(f"the signing secret and recordings of terminals stay in {settings.data_dir}.")
    return EXIT_OK


def _verify(options: Options) -> int:
    from chatops_server import config, copies  # noqa: PLC0415 - keeps --help light

    verdict = copies.verify(config.load(options), options["file"], options["head"] or ())
    _say(f"{verdict.path}")
    _say("integrity    ok" if not verdict.damage else "integrity    DAMAGED")
    for line in verdict.damage:
        _say(f"             {line}")
    chain = verdict.chain
    if chain is None:
        _say("audit chain  cannot be read")
    else:
        state = "ok" if chain.broken is None else f"BROKEN: {chain.broken}"
        _say(f"audit chain  {state}; {chain.entries} entries hold together, the last one is {chain.head}")
    return EXIT_OK if verdict.is_sound else EXIT_FAILED


def _export(options: Options) -> int:
    from chatops_server import config, export  # noqa: PLC0415 - keeps --help light

    what, settings = export.wanted(options), config.load(options)
    try:
        if options["output"]:
            with Path(options["output"]).open("w", encoding="utf-8", newline="") as out:
                count = export.export(settings, what, options["format"], out)
            _say(f"{options['output']}: {count} rows")
        else:
            export.export(settings, what, options["format"], sys.stdout)
            sys.stdout.flush()
    except BrokenPipeError:
        # `export | head`: whoever read it has seen enough. Keeps the flush at exit quiet too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except OSError as exc:
        raise SettingError(f"--output: {options['output']!r}: {exc.strerror or exc}") from exc
    return EXIT_OK


def _progress() -> "AbstractContextManager[Callable[[int, int, str], None]]":
    from chatops_server.progress import bar  # noqa: PLC0415 - keeps --help light

    return bar(sys.stderr)


def _copies(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _MOST_COPIES:
        raise ValueError(text)
    return number


def _password(options: Options) -> str:
    if options["password_stdin"]:
        return sys.stdin.readline().rstrip("\r\n")
    try:
        first = getpass.getpass("Password: ")
        again = getpass.getpass("Once more: ")
    except EOFError as exc:
        raise SettingError("--password-stdin: no terminal to ask for the password") from exc
    if first != again:
        raise SettingError("the two passwords differ")
    return first


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - cli.py speaks to the user


def _refused(line: str, code: int) -> int:
    print(f"chatops-server: {line}", file=sys.stderr)  # noqa: T201 - likewise
    return code


class _OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"chatops-server: {message}\n")


_EPILOG: Final = (
    "Every flag --foo-bar may also stand in the environment as CHATOPS_FOO_BAR, or in the file of --config "
    "as foo_bar. CHATOPS_ADMIN_PASSWORD sets the first admin's password, CHATOPS_SECRET or "
    "CHATOPS_SECRET_FILE the secret that signs tokens."
)


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(prog="chatops-server", description="The ChatOps hub.")
    parser.add_argument("--version", action="version", version=f"chatops-server {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="serve agents, terminal UIs and scripts", epilog=_EPILOG))
    user = commands.add_parser("user", help="add, list and remove users while the hub is stopped")
    _add_user(user.add_subparsers(required=True, metavar="COMMAND"))
    tls = commands.add_parser("tls", help="make the hub's own certificate, or show its pin")
    _add_tls(tls.add_subparsers(required=True, metavar="COMMAND"))
    secret = commands.add_parser("secret", help="change the key that signs access tokens")
    _add_place(secret_command.add_rotate(secret))
    _add_copies(commands)
    _add_migrate_to(
        commands.add_parser("migrate-to", help="copy a hub from SQLite to PostgreSQL, while it is stopped")
    )
    _add_export(commands.add_parser("export", help="write stored samples or rollups as plain rows"))
    return parser


# Values stay text and absent flags None: chatops_wire.settings decides and names what is wrong.


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("--host", metavar="ADDRESS", help="address to listen on (127.0.0.1)")
    run.add_argument("--port", metavar="N", help="port to listen on, 0 takes a free one (8765)")
    _add_place(run)
    run.add_argument("--tls-cert", metavar="F", help="PEM file with the certificate, for https")
    run.add_argument("--tls-key", metavar="F", help="PEM file with its private key")
    run.add_argument("--ssh-port", metavar="N", help="serve the UI over ssh too, by users' public keys")
    run.add_argument(
        "--plain-http",
        action="store_const",
        const=True,
        help="serve http, without TLS, also on addresses that other machines reach",
    )
    run.add_argument(
        "--metrics-public",
        action="store_const",
        const=True,
        help="answer /metrics without a token, to whoever can connect",
    )
    run.add_argument(
        "--webhook-allow-private",
        action="store_const",
        const=True,
        help="let webhooks lead to this machine and private networks (on where only it reaches the hub)",
    )
    run.add_argument(
        "--record-terminals",
        action="store_const",
        const="true",
        help="keep what terminals show, never what is typed (off)",
    )
    run.add_argument("--keep-commands-days", metavar="N", help="days that commands are kept (90)")
    run.add_argument("--keep-output-mb", metavar="N", help="megabytes of output that are kept (1024)")
    for tier, days in (("raw", 7), ("minutes", 30), ("ten-minutes", 180), ("hours", 730)):
        what = "samples" if tier == "raw" else f"rollups by {tier}"
        run.add_argument(f"--keep-{tier}-days", metavar="N", help=f"days that {what} are kept ({days})")
    run.add_argument("--log-level", metavar="LEVEL", help="debug, info, warning or error (info)")
    run_flags.add_allowed_host(run)
    run_flags.add_bus(run)
    run.set_defaults(work=_run)


def _add_user(commands: "argparse._SubParsersAction[Any]") -> None:
    add = commands.add_parser("add", help="add a user; the password is asked for")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--role", metavar="ROLE", required=True, help="admin, operator or viewer")
    listed = commands.add_parser("list", help="list the users")
    remove = commands.add_parser("remove", help="remove a user; their servers pass to an admin")
    remove.add_argument("name", metavar="NAME")
    password = commands.add_parser("password", help="set a user's password")
    password.add_argument("name", metavar="NAME")
    for parser in (add, password):
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from one line of stdin"
        )
    works = {add: _user_add, listed: _user_list, remove: _user_remove, password: _user_password}
    for parser, work in works.items():
        _add_place(parser)
        parser.set_defaults(work=work)


def _add_tls(commands: "argparse._SubParsersAction[Any]") -> None:
    init = commands.add_parser("init", help="make a certificate and print the pin it is known by")
    init.add_argument(
        "--name",
        dest="names",
        metavar="NAME",
        action="append",
        default=[],
        help="a host name or address the hub is called by, besides this machine's; repeatable",
    )
    init.add_argument("--renew", action="store_true", help="replace the one there is; its pin changes")
    show = commands.add_parser("show", help="print its pin")
    for parser, work in {init: _tls_init, show: _tls_show}.items():
        _add_place(parser)
        parser.set_defaults(work=work)


def _add_copies(commands: "argparse._SubParsersAction[Any]") -> None:
    backup = commands.add_parser("backup", help="copy the database, also while the hub runs")
    backup.add_argument("file", metavar="FILE", help="where to; replaced once the copy is whole")
    backup.add_argument(
        "--keep",
        metavar="N",
        type=_copies,
        default=0,
        help="keep N copies before it, as FILE.1, FILE.2 and so on (0)",
    )
    restore = commands.add_parser("restore", help="go back to a copy, while the hub is stopped")
    restore.add_argument("file", metavar="FILE", help="what `backup` made")
    verify = commands.add_parser("verify", help="check the database, or a copy, and its audit log")
    verify.add_argument("file", metavar="FILE", nargs="?", help="a copy (the hub's own database)")
    verify.add_argument(
        "--head", metavar="ID:HASH", action="append", help="an audit entry noted elsewhere; has to be there"
    )
    for parser, work in {backup: _backup, restore: _restore, verify: _verify}.items():
        _add_place(parser)
        parser.set_defaults(work=work)


def _add_export(export: argparse.ArgumentParser) -> None:
    export.add_argument("--server", metavar="NAME", action="append", help="of this server; repeatable (all)")
    export.add_argument("--metric", metavar="M", action="append", help="this metric; repeatable (all)")
    export.add_argument("--start", metavar="T", help="from this date or RFC 3339 time on")
    export.add_argument("--end", metavar="T", help="before this one")
    export.add_argument("--tier", choices=("raw", "1m", "10m", "1h"), default="raw", help="samples (raw)")
    export.add_argument("--format", choices=("csv", "jsonl"), default="csv", help="csv, or JSON Lines (csv)")
    export.add_argument("--output", metavar="F", help="a file (stdout)")
    _add_place(export)
    export.set_defaults(work=_export)


def _add_migrate_to(migrate: argparse.ArgumentParser) -> None:
    migrate.add_argument("url", metavar="URL", help="postgresql://USER@HOST:PORT/NAME, an empty database")
    _add_place(migrate)
    migrate.set_defaults(work=_migrate_to)


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", metavar="DIR", help="where the hub keeps its state")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="a file, sqlite:///FILE or postgresql://USER@HOST/NAME (hub.db in the state)",
    )
    parser.add_argument("--config", metavar="F", help="a TOML file with these settings")
