"""What ctrl+p offers: servers by name, themes, and what the program can do."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.content import Content
from textual.widgets import Input


class Command(NamedTuple):
    """One entry; the title is clean, the help is ours."""

    title: str
    help: str
    run: Callable[[], None]


class Commander(Protocol):
    """Whoever has commands to offer."""

    def palette_commands(self) -> Iterator[Command]:
        """Yield what can be done now."""
        ...


class Commands(Provider):
    """The commands of the app."""

    async def discover(self) -> Hits:
        """Yield everything, before anything is typed."""
        for command in self._commands():
            # As content: a name with brackets is no markup. The help is, so it must be our own words.
            shown = Content(command.title)
            yield DiscoveryHit(shown, command.run, text=command.title, help=command.help)

    async def search(self, query: str) -> Hits:
        """Yield what matches, fuzzily."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.title)
            if score > 0:
                # Not `matcher.highlight`, which takes the title for markup.
                shown = Content(command.title)
                yield Hit(score, shown, command.run, text=command.title, help=command.help)

    def _commands(self) -> Iterator[Command]:
        commander: object = self.app
        offered = getattr(commander, "palette_commands", None)
        return offered() if offered else iter(())


class Palette(CommandPalette):
    """Textual's palette with a cursor that stands still: blinking alone costs 2.6 kB/s."""

    def on_mount(self) -> None:
        """Stop the blinking, and put a sign in front that takes one cell everywhere."""
        self.query_one(Input).cursor_blink = False
        self.query_one(SearchIcon).icon = "/"
