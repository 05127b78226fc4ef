"""Containers as agents in other languages may tell them: what is understood of one, field by field."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from chatops_wire.containers import Container

_FIELDS: Final = {field.name: field.type for field in msgspec.structs.fields(Container)}


def understood(raw: object) -> Container | None:
    """Return what is understood of one container: a field of another kind, or null, is as if absent.

    Numbers may be text, and ports objects as the engine's own API has them. None for what is no object.
    """
    if not isinstance(raw, dict):
        return None
    fields = {name: value for name, value in raw.items() if name in _FIELDS and value is not None}
    if not isinstance(fields.get("ports", []), list):
        del fields["ports"]
    elif "ports" in fields:
        fields["ports"] = [text for port in fields["ports"] if (text := _port(port))]
    return Container(**dict(_converted(fields.items())))


def with_understood(message: object) -> object:
    """Return a decoded message in which containers that cannot be told as they stand are mended."""
    if not isinstance(message, dict):
        return message
    mended = _mended(message)
    if isinstance(mended.get("samples"), list):
        samples = mended["samples"]
        mended["samples"] = [_mended(each) if isinstance(each, dict) else each for each in samples]
    if mended.get("type") == "container_event":
        mended["container"] = msgspec.to_builtins(understood(mended.get("container")) or Container())
    return mended


def _mended(sample: dict[str, Any]) -> dict[str, Any]:
    told = sample.get("containers")
    if not isinstance(told, list):
        return {**sample, "containers": None}
    parts = [part for each in told if (part := understood(each)) is not None]
    return {**sample, "containers": msgspec.to_builtins(parts)}


def _converted(fields: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    for name, value in fields:
        try:
            yield name, msgspec.convert(value, _FIELDS[name], strict=False)
        except msgspec.ValidationError:
            continue


def _port(port: object) -> str:
    """Return a port as `docker ps` writes it; nothing for what is none."""
    if isinstance(port, str):
        return port
    if not isinstance(port, dict) or not isinstance(port.get("PrivatePort"), int):
        return ""
    private = f"{port['PrivatePort']}/{port.get('Type') or 'tcp'}"
    if not port.get("PublicPort"):
        return private
    host = str(port.get("IP") or "0.0.0.0")  # noqa: S104 - what the engine itself writes for any address
    return f"{f'[{host}]' if ':' in host else host}:{port['PublicPort']}->{private}"
