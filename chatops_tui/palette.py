"""What ctrl+p and `:` offer: servers by name, themes, and what the program can do; lines with arguments."""

import re
from collections.abc import Callable, Iterator
from typing import ClassVar, Final, NamedTuple, Protocol

from textual import on
from textual.binding import Binding, BindingType
from textual.command import Command as Entry
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.content import Content
from textual.widgets import Input

from chatops_tui.render.text import clean
from chatops_tui.screens.closing import close

# More than any score of Textual's matcher.
_SPOKEN: Final = 1000.0


class Command(NamedTuple):
    """One entry; the title is clean, the help is ours."""

    title: str
    help: str
    run: Callable[[], None]
    line: str = ""
    """What may be typed for it; Tab completes to this."""


class Commander(Protocol):
    """Whoever has commands to offer."""

    def palette_commands(self) -> Iterator[Command]:
        """Yield what can be done now."""
        ...

    def spoken_commands(self, line: str) -> Iterator[Command]:
        """Yield what `line` says as a command with its arguments, or begins to say."""
        ...


class Commands(Provider):
    """The commands of the app."""

    async def startup(self) -> None:
        """Have looked up what is not in memory, before anything is offered."""
        commander: object = self.app
        look = getattr(commander, "look_for_commands", None)
        if look is not None:
            await look()

    async def discover(self) -> Hits:
        """Yield everything, before anything is typed."""
        for command in self._commands():
            # As content: a name with brackets is no markup. The help is, so it must be our own words.
            shown = Content(command.title)
            yield DiscoveryHit(shown, command.run, text=command.line or command.title, help=command.help)

    async def search(self, query: str) -> Hits:
        """Yield what matches, fuzzily."""
        spoken = list(self._spoken(query))
        for at, command in enumerate(spoken):
            # What is said in so many words comes first, in this order.
            score = _SPOKEN - at
            yield Hit(score, Content(command.title), command.run, text=command.line, help=command.help)
        said = {command.line for command in spoken if command.line}
        matcher, is_near = self.matcher(query), _sieve(query)
        for command in self._commands():
            if command.line in said or not is_near(command.title):
                continue
            score = matcher.match(command.title)
            if score > 0:
                # Not `matcher.highlight`, which takes the title for markup.
                shown = Content(command.title)
                text = command.line or command.title
                yield Hit(score, shown, command.run, text=text, help=command.help)

    def _commands(self) -> Iterator[Command]:
        return _offered(self.app)

    def _spoken(self, line: str) -> Iterator[Command]:
        return iter(_said(self.app, line))


# The app is whoever opened the palette; what it lacks it does not offer.
def _offered(commander: object) -> Iterator[Command]:
    offered = getattr(commander, "palette_commands", None)
    return offered() if offered else iter(())


def _said(commander: object, line: str) -> list[Command]:
    spoken = getattr(commander, "spoken_commands", None)
    return list(spoken(line)) if spoken else []


def _fault(commander: object, line: str) -> str:
    fault = getattr(commander, "spoken_fault", None)
    return str(fault(line)) if fault else ""


def _named(commander: object, line: str) -> list[Command]:
    """Return what has the letters of `line` in its title, in order."""
    is_near = _sieve(line)
    return [command for command in _offered(commander) if is_near(command.title)]


def _listed(found: CommandList) -> set[str]:
    """Return what the list shows, each by what Tab would type."""
    return {one.hit.text or "" for one in found.options if isinstance(one, Entry)}


def _sieve(query: str) -> Callable[[str], bool]:
    """Return whether a title has the letters of `query` in order: the matcher takes far longer to say no."""
    letters = re.compile(".*?".join(map(re.escape, query.lower())))
    return lambda title: letters.search(title.lower()) is not None


class Palette(CommandPalette):
    """Textual's palette with a cursor that stands still: blinking alone costs 2.6 kB/s."""

    # In the palette's own colours the sign is nearly black on black.
    DEFAULT_CSS = """
    Palette SearchIcon { color: $text-accent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, id="palette.complete", priority=True),
    ]

    def __init__(self, sign: str = "/", *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        """Offer everything; `sign` stands in front of what is typed."""
        super().__init__(placeholder="a server, an action, or db-01 logs · sort cpu · filter tag:web", id=id)
        self._sign = sign

    def on_mount(self) -> None:
        """Stop the blinking, and put a sign in front that takes one cell everywhere."""
        self.query_one(Input).cursor_blink = False
        self.query_one(SearchIcon).icon = self._sign

    @on(Input.Submitted)
    def _run_line(self, event: Input.Submitted) -> None:
        """Run what was typed in so many words at once: whoever knows it does not wait for a list."""
        found = self.query_one(CommandList)
        line = event.value.strip()
        if not line:
            return
        spoken, named = _said(self.app, line), _named(self.app, line)
        is_current = _listed(found) <= {command.line or command.title for command in (*spoken, *named)}
        if is_current and found.highlighted is not None:
            return
        meant = spoken[:1] or ([] if is_current else named if len(named) == 1 else [])
        fault = "" if named or self._sign != ":" else _fault(self.app, line)
        if is_current and not meant and not fault:
            return
        # What the list still shows answers fewer letters than were typed: nothing of it was meant.
        event.stop()
        event.prevent_default()
        if meant:
            close(self, None)
            self.app.call_later(meant[0].run)
        elif fault:
            self.app.notify(clean(fault), severity="warning", markup=False)

    def action_complete(self) -> None:
        """Type what is highlighted, or else the first that is found."""
        found = self.query_one(CommandList)
        if not found.option_count:
            return
        chosen = found.get_option_at_index(found.highlighted or 0)
        if isinstance(chosen, Entry) and chosen.hit.text:
            field = self.query_one(Input)
            field.value = f"{chosen.hit.text} "
            field.cursor_position = len(field.value)
