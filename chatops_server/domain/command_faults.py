"""What is wrong with a command before any machine is asked."""

from collections.abc import Mapping, Sequence
from typing import Final

# Linux: MAX_ARG_STRLEN, the most one argument may have, including the NUL at its end; `sh -c` takes
# the whole command as one.
MAX_ARGUMENT_BYTES: Final = 128 * 1024 - 1
MAX_ARGUMENTS: Final = 1000
MAX_CWD_BYTES: Final = 4096
MAX_ENV: Final = 64
MAX_ENV_BYTES: Final = 4096
# In a frame of at most 1 MiB beside the rest, and within the largest body of REST.
MAX_STDIN_BYTES: Final = 512 * 1024


def fault(
    command: str,
    argv: Sequence[str],
    *,
    stdin: str | bytes | None = None,
    cwd: str | None = None,
    env: Mapping[str, str],
) -> str | None:
    """Return one line that begins with the name of the field that is wrong; None when all is well."""
    return (
        _of_command(command, argv)
        or _of_text("cwd", cwd or "", MAX_CWD_BYTES)
        or _of_env(env)
        or _of_size("stdin", stdin or "", MAX_STDIN_BYTES)
    )


def _of_command(command: str, argv: Sequence[str]) -> str | None:
    if command and argv:
        return "argv: either command or argv, not both"
    if argv:
        return _of_argv(argv)
    if not command.strip():
        return "command: it is empty"
    return _of_text("command", command, MAX_ARGUMENT_BYTES)


def _of_argv(argv: Sequence[str]) -> str | None:
    if not argv[0]:
        return "argv: the name of the program is empty"
    if len(argv) > MAX_ARGUMENTS:
        return f"argv: at most {MAX_ARGUMENTS} words"
    if sum(len(word.encode(errors="replace")) for word in argv) > MAX_ARGUMENT_BYTES:
        return f"argv: at most {MAX_ARGUMENT_BYTES} bytes in all"
    return next((found for word in argv if (found := _of_text("argv", word, MAX_ARGUMENT_BYTES))), None)


def _of_env(env: Mapping[str, str]) -> str | None:
    if len(env) > MAX_ENV:
        return f"env: at most {MAX_ENV} variables"
    for name, value in env.items():
        if not name or "=" in name:
            return "env: a name is empty or holds ="
        found = _of_text("env", name + value, MAX_ENV_BYTES)
        if found:
            return found
    return None


def _of_text(field: str, text: str, limit: int) -> str | None:
    if "\0" in text:
        return f"{field}: it holds a NUL"
    return _of_size(field, text, limit)


def _of_size(field: str, text: str | bytes, limit: int) -> str | None:
    try:
        size = len(text if isinstance(text, bytes) else text.encode())
    except UnicodeEncodeError:
        return f"{field}: it holds half a surrogate pair"
    return f"{field}: {size} bytes, at most {limit} are taken" if size > limit else None
