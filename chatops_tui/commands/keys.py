"""`chatops keys`: the key with which an operator signs what machines ask to have signed."""

import getpass
import os
import sys
from pathlib import Path

from chatops_tui.client.errors import SigningError
from chatops_tui.commands.say import complain, console, drawn, say_json
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.signing.chosen import PASSPHRASE_VARIABLE, key_path
from chatops_wire.signing import fingerprint, parse_public_line


def handle_keys(settings: Settings, deed: str, *, as_json: bool) -> int:
    """Make a key (`new`) or show its public line (`show`); return the exit status."""
    path = key_path(settings)
    try:
        line = _made(path) if deed == "new" else _public_line(path)
    except SigningError as exc:
        complain(str(exc))
        return ExitCode.REFUSED
    public = parse_public_line(line)
    if as_json:
        say_json({"path": str(path), "public": line, "fingerprint": fingerprint(public) if public else None})
        return ExitCode.DONE
    console(settings).print(drawn(settings, line), soft_wrap=True)
    if deed == "new":
        told = (
            f"The key is in {path}. On each machine that is to do only what you sign, put the line above"
            " into a file of root's, and start its agent with --authorized-signers FILE."
        )
        sys.stderr.write(f"{told}\n")
    return ExitCode.DONE


def _made(path: Path) -> str:
    if path.suffix == ".pub":
        raise SigningError(f"{path} is a public key's name; OpenSSH's ssh-keygen makes keys for ssh-agent")
    try:
        from chatops_tui.signing.key_file import make_key  # noqa: PLC0415 - only who makes a key needs it
    except ImportError as exc:
        raise SigningError("making a key needs the package cryptography") from exc
    return make_key(path, _new_passphrase())


def _new_passphrase() -> str:
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None or not sys.stdin.isatty():
        return given or ""
    first = getpass.getpass("Passphrase for the new key (empty for none): ", stream=sys.stderr)
    if first and getpass.getpass("Again: ", stream=sys.stderr) != first:
        raise SigningError("the two passphrases differ")
    return first


def _public_line(path: Path) -> str:
    public = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    try:
        line = public.read_text(encoding="utf-8").strip()
        known = parse_public_line(line)
    except FileNotFoundError as exc:
        raise SigningError(f"no key yet: {public} is not there; `chatops keys new` makes one") from exc
    except OSError as exc:
        raise SigningError(f"{public}: {exc.strerror}") from exc
    except ValueError as exc:
        raise SigningError(f"{public}: no public key") from exc
    if known is None:
        raise SigningError(f"{public}: no ssh-ed25519 public key")
    return line
