"""`chatops login`: sign in and be remembered on this machine."""

from chatops_tui.client.connect import Hub
from chatops_tui.commands.say import console, drawn, say_json
from chatops_tui.commands.sign_in import with_login
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode


def login(settings: Settings, *, as_json: bool) -> int:
    """Sign in, tell who one is, and return the exit status."""

    async def job(hub: Hub) -> int:
        user = await hub.rest.me()
        if as_json:
            say_json({"url": settings.url, "user": user})
        else:
            line = f"signed in at {settings.url} as {user.username} ({user.role})"
            console(settings).print(drawn(settings, line), soft_wrap=True)
        return ExitCode.DONE

    return with_login(settings, job)
