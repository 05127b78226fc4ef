"""How the three programs settle a setting: flag, else environment, else TOML file, else default.

A program declares one frozen Struct of settings; this module only decides, the caller reads the
file and the environment.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

# What msgspec takes for a bool where it is written as text.
_TRUTHS: Final = ("true", "false", "1", "0")

S = TypeVar("S", bound=msgspec.Struct)


class SettingError(ValueError):
    """A setting cannot be used; the text is one line that names it and where it came from."""


def settle(
    spec: type[S],
    *,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    file: Mapping[str, Any],
    prefix: str = "CHATOPS_",
) -> S:
    """Return the settings of one program.

    Args:
        spec: Struct whose fields are the settings; their names are those of the TOML keys.
        flags: Values by field; None means that the flag was not given.
        environ: `PREFIX + FIELD` in capitals; a list is comma-separated.
        file: The parsed TOML file, `{}` without one.
        prefix: What the environment names begin with.

    Raises:
        SettingError: A value of the wrong kind, out of bounds, missing, or an unknown TOML key.
    """
    fields = {field.name: field for field in msgspec.structs.fields(spec)}
    unknown = sorted(set(file) - set(fields))
    if unknown:
        raise SettingError(f"unknown setting {unknown[0]!r} in the configuration file")
    chosen: dict[str, Any] = {}
    for name, field in fields.items():
        source, value = _chosen(name, flags, environ, file, prefix)
        if source:
            chosen[name] = _convert(source, value, field.type)
        elif field.required:
            raise SettingError(f"missing setting: --{name.replace('_', '-')} or {prefix}{name.upper()}")
    return spec(**chosen)


def _chosen(
    name: str,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    file: Mapping[str, Any],
    prefix: str,
) -> tuple[str, Any]:
    if flags.get(name) is not None:
        return f"--{name.replace('_', '-')}", flags[name]
    variable = f"{prefix}{name.upper()}"
    if variable in environ:
        return variable, environ[variable]
    if name in file:
        return f"{name} in the configuration file", file[name]
    return "", None


def _convert(source: str, value: Any, kind: Any) -> Any:  # noqa: ANN401 - any setting's type
    if isinstance(value, str) and _is_list(kind):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as exc:
        raise SettingError(f"{source}: {_complaint(value, kind) or exc}") from exc


def _complaint(value: Any, kind: Any) -> str:  # noqa: ANN401 - any setting's type
    """Return what is wrong with a word where only some are right, else nothing."""
    info = _meant(kind)
    values = [value]
    if isinstance(info, msgspec.inspect.VarTupleType | msgspec.inspect.ListType) and isinstance(value, list):
        info, values = info.item_type, value
    right: tuple[Any, ...] = ()
    if isinstance(info, msgspec.inspect.LiteralType):
        right = tuple(info.values)
    elif isinstance(info, msgspec.inspect.BoolType):
        right = _TRUTHS
    wrong = next((one for one in values if one not in right), None)
    # The empty word, where it is right, is as if nothing was said: nobody is to type it.
    return f"{wrong!r} is none of {', '.join(word for word in right if word)}" if right else ""


def _is_list(kind: Any) -> bool:  # noqa: ANN401 - any setting's type
    return isinstance(_meant(kind), msgspec.inspect.VarTupleType | msgspec.inspect.ListType)


def _meant(kind: Any) -> msgspec.inspect.Type:  # noqa: ANN401 - any setting's type
    """Return what a setting is where it is said; one that may be absent is that or None."""
    info = msgspec.inspect.type_info(kind)
    if isinstance(info, msgspec.inspect.UnionType):
        said = [each for each in info.types if not isinstance(each, msgspec.inspect.NoneType)]
        return said[0] if len(said) == 1 else info
    return info
