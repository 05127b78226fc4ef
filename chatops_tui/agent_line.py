"""The line that starts an agent, the same in the UI and on the command line."""

import shlex


def agent_line(url: str, key: str) -> str:
    """Return what is typed into a shell of the new machine, quoted: it leads to that machine's user.

    The key goes by the environment: arguments can be read by every user of a machine.
    """
    return f"CHATOPS_API_KEY={shlex.quote(key)} chatops-agent run --url {shlex.quote(url)}"
