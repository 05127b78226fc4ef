"""`chatops add`: a new server, its key, and what to run on that machine."""

from collections.abc import Sequence
from typing import Final

import msgspec

from chatops_tui.agent_line import agent_line, place, reach_hint
from chatops_tui.client import adding
from chatops_tui.client.connect import Hub
from chatops_tui.commands.say import complain, console, drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_wire.rest import ApiKeyCreated, ServerCreate, ServerView

# In words, because msgspec would quote its pattern.
_NAME_FORM: Final = "NAME is 1 to 128 characters, without a space at either end"
_TAG_FORM: Final = "--tag is 1 to 64 letters, digits and any of . _ : = / - and begins with one of the former"


def add_server(settings: Settings, name: str, tags: Sequence[str], *, as_json: bool) -> int:
    """Add a server, tell its key once, and return the exit status."""
    try:
        msgspec.convert({"name": name, "tags": list(tags)}, ServerCreate)
    except msgspec.ValidationError as exc:
        complain(_TAG_FORM if "$.tags" in str(exc) else _NAME_FORM)
        return ExitCode.USAGE

    async def job(hub: Hub) -> int:
        view, key = await adding.add_server(hub.rest, name, tags)
        if as_json:
            line = agent_line(settings.url, key.key, pin=settings.tls_pin)
            say_json({"server": view, "key": key.key, "key_id": key.id, "url": settings.url, "run": line})
        else:
            _tell(settings, view, key)
        return ExitCode.DONE

    return with_hub(settings, job)


def _tell(settings: Settings, view: ServerView, key: ApiKeyCreated) -> None:
    out = console(settings)

    def line(text: str) -> None:
        out.print(drawn(settings, text), soft_wrap=True)

    line(f"added {view.name}")
    line("")
    line("its key, shown this once:")
    line(f"  {key.key}")
    line(f"run {place()}:")
    line(f"  {agent_line(settings.url, key.key, pin=settings.tls_pin)}")
    hint = reach_hint(settings.url)
    if hint:
        line(hint)
