"""What may be typed about containers: `chatops containers` and `chatops docker`."""

import argparse
from collections.abc import Callable
from typing import Final

NewCommand = Callable[[str, str, str | None], argparse.ArgumentParser]
"""Makes a subcommand of a name and a purpose, and longer words for its own help."""

JOBS: Final = frozenset({"containers", "docker"})
# By what they are named after: how many names may follow.
ON_CONTAINERS: Final = ("start", "stop", "restart", "pause", "unpause", "kill", "remove")
ON_PROJECTS: Final = ("project-start", "project-stop", "project-restart")
LISTS: Final = ("images", "volumes", "networks", "df")
REMOVALS: Final = ("remove-image", "remove-volume", "remove-network")
PRUNES: Final = ("prune-images", "prune-volumes", "prune-networks")
_NAMELESS: Final = (*LISTS, *PRUNES)
_ONE: Final = ("inspect", "top")
_TWO: Final = ("rename",)
ACTIONS: Final = (
    *ON_CONTAINERS, "rename", *_ONE, *ON_PROJECTS, *LISTS, "pull", *REMOVALS, *PRUNES,
)  # fmt: skip
_DOCKER: Final = (
    f"ACTION is one of {', '.join(ON_CONTAINERS)} with containers; rename with a container and its new name; "
    f"inspect or top with a container; {', '.join(ON_PROJECTS)} with compose projects; {', '.join(LISTS)}; "
    f"pull with images; {', '.join(REMOVALS)}; {', '.join(PRUNES)}. Containers are named by name, id, or the "
    "beginning of an id. The status is 0 if everything was done."
)


def add_jobs(command: NewCommand) -> None:
    """Add them."""
    _add_containers(command("containers", "show containers, on every server or on some", None))
    _add_docker(command("docker", "do something with the containers of a server", _DOCKER))


def fault(arguments: argparse.Namespace) -> str:
    """Return what is wrong with what was typed after `docker`; empty if nothing is."""
    action, count = arguments.action, len(arguments.names)
    if action in _NAMELESS and count:
        return f"docker: {action} takes no names"
    if action in _ONE and count != 1:
        return f"docker: {action} takes one container"
    if action in _TWO and count != 2:  # noqa: PLR2004 - what it is, and what it is to be
        return f"docker: {action} takes a container and its new name"
    if action not in _NAMELESS and not count:
        return f"docker: {action} needs to be told of what"
    return ""


def _add_containers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="SERVER", nargs="?", default="", help="by name or id; else all")
    parser.add_argument(
        "--select",
        dest="selector",
        metavar="EXPR",
        default="",
        help="servers by tag:web, web-*, status:online; a space means and, a comma or, ! not",
    )
    parser.add_argument("--state", metavar="S", default="", help="running, exited, paused, …")
    parser.add_argument("--project", metavar="P", default="", help="of this compose project")
    parser.add_argument("--search", metavar="Q", default="", help="what is to stand in name or image")


def _add_docker(parser: argparse.ArgumentParser) -> None:
    parser.usage = "chatops docker SERVER ACTION [NAME ...] [options]"
    parser.add_argument("name", metavar="SERVER", help="by name or id")
    parser.add_argument("action", metavar="ACTION", choices=ACTIONS, help="see above")
    parser.add_argument("names", metavar="NAME", nargs="*", help="of what")
    parser.add_argument(
        "--grace", metavar="S", type=_seconds, help="stop, restart: seconds between TERM and KILL"
    )
    parser.add_argument("--signal", metavar="NAME", help="kill: another one than KILL")
    parser.add_argument(
        "--force", action="store_true", default=False, help="remove: what runs or is in use, too"
    )
    parser.add_argument(
        "--volumes", action="store_true", default=False, help="remove: its anonymous volumes, too"
    )
    parser.add_argument(
        "--all", action="store_true", default=False, help="prune: images and volumes with a name, too"
    )
    parser.add_argument(
        "--own", action="store_true", default=False, help="the container the agent itself runs in, too"
    )
    parser.add_argument(
        "--reveal", action="store_true", default=False, help="inspect: with the values of its environment"
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:  # noqa: PLR2004 - what the hub takes
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: 0 to 3600")
    return seconds
