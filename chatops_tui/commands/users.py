"""`chatops users`: show, add, change, remove users."""

from typing import TYPE_CHECKING, Final

from chatops_tui.client.connect import Hub
from chatops_tui.commands.access_words import body, cells, day, new_password
from chatops_tui.commands.grid import say, show_table
from chatops_tui.commands.ids import named_id
from chatops_tui.commands.say import say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_wire.rest import UserCreate, UserDetail, UserPatch

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

_TITLES: Final = ("NAME", "ROLE", "STATE", "SINCE", "ID")


def users(settings: Settings, arguments: "argparse.Namespace") -> int:
    """Do what was typed; WrongTextError, NoSuchOneError."""
    match arguments.deed:
        case "add":
            return _add(settings, arguments)
        case "set" | "password":
            return _set(settings, arguments)
        case "remove" | "logout" | "remove-totp":
            return _end(settings, arguments)
        case _:
            return _show(settings, as_json=arguments.json)


def _show(settings: Settings, *, as_json: bool) -> int:
    async def job(hub: Hub) -> int:
        found = await hub.rest.access.users()
        if as_json:
            say_json(found)
            return ExitCode.DONE
        rows = [
            cells(settings, user.username, user.role, _state(user), day(user.created_at), user.id)
            for user in found
        ]
        show_table(settings, _TITLES, rows, wraps="NAME", empty="no users")
        return ExitCode.DONE

    return with_hub(settings, job)


def _add(settings: Settings, arguments: "argparse.Namespace") -> int:
    wanted = body(
        UserCreate,
        username=arguments.name,
        role=arguments.role,
        password=new_password(from_stdin=arguments.password_stdin),
    )

    async def job(hub: Hub) -> int:
        return _told(settings, await hub.rest.access.add_user(wanted), "added", as_json=arguments.json)

    return with_hub(settings, job)


def _set(settings: Settings, arguments: "argparse.Namespace") -> int:
    if arguments.deed == "password":
        fields: dict[str, object] = {"password": new_password(from_stdin=arguments.password_stdin)}
    else:
        typed = {"role": arguments.role, "username": arguments.rename, "active": arguments.active}
        fields = {name: value for name, value in typed.items() if value is not None}
    patch = body(UserPatch, **fields)

    async def job(hub: Hub) -> int:
        user_id = named_id(arguments.name, await _names(hub), "user")
        made = await hub.rest.access.patch_user(user_id, patch)
        return _told(settings, made, "changed", as_json=arguments.json)

    return with_hub(settings, job)


def _end(settings: Settings, arguments: "argparse.Namespace") -> int:
    async def job(hub: Hub) -> int:
        access, names = hub.rest.access, await _names(hub)
        deeds: dict[str, tuple[Callable[[str], Awaitable[None]], str]] = {
            "remove": (access.remove_user, "removed"),
            "logout": (access.end_sessions_of, "logged out everywhere"),
            "remove-totp": (access.remove_totp_of, "needs no second factor any more"),
        }
        deed, done = deeds[arguments.deed]
        # All of them are known before the first one goes.
        ids = [named_id(typed, names, "user") for typed in dict.fromkeys(arguments.names)]
        for user_id in ids:
            await deed(user_id)
            if not arguments.json:
                say(settings, f"{names[user_id]}: {done}")
        if arguments.json:
            say_json({"users": ids})
        return ExitCode.DONE

    return with_hub(settings, job)


async def _names(hub: Hub) -> dict[str, str]:
    return {user.id: user.username for user in await hub.rest.access.users()}


def _told(settings: Settings, user: UserDetail, done: str, *, as_json: bool) -> int:
    if as_json:
        say_json(user)
    else:
        say(settings, f"{done} {user.username} ({user.role}{'' if user.active else ', disabled'})")
    return ExitCode.DONE


def _state(user: UserDetail) -> str:
    return "active" if user.active else "disabled"
