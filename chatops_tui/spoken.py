"""Commands with arguments, as they are typed after `:`: an address, or a word and what it is about."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from chatops_tui.goings import Goings
from chatops_tui.palette import Command
from chatops_tui.render.text import clean
from chatops_tui.screens.listing import Listing
from chatops_tui.screens.live import LiveScreen
from chatops_tui.store.addresses import PLACES, TABS, Address, UnknownAddressError, parsed
from chatops_tui.store.selectors import first_order
from chatops_tui.store.store import Store
from chatops_tui.theme_choice import ThemeChoice

_MOST_COMPLETIONS: Final = 12

Speech = Callable[[str], Iterator[Command]]


class Spoken:
    """Understands one line."""

    def __init__(self, store: Store, goings: Goings, colours: ThemeChoice) -> None:
        """Understand without doing anything."""
        self._store = store
        self._goings = goings
        self._colours = colours

    def commands(self, line: str, screen: LiveScreen | None) -> Iterator[Command]:
        """Yield what `line` says, the likeliest first, then how it could go on."""
        word, _gap, rest = line.strip().removeprefix(":").partition(" ")
        speeches: Mapping[str, Speech] = {
            "theme": self._themes,
            "sort": partial(_sorts, screen),
            "filter": partial(_filters, screen),
        }
        speech = speeches.get(word.lower())
        if speech is not None:
            yield from speech(rest.strip())
        yield from self._addresses(line)

    def fault(self, line: str, screen: LiveScreen | None) -> str:
        """Return why `line` leads nowhere: one sentence, neutralise before drawing; empty: it does."""
        if next(self.commands(line, screen), None) is not None:
            return ""
        word, _gap, rest = line.strip().removeprefix(":").partition(" ")
        match word.lower():
            case "theme":
                return f"No theme is called {rest.strip()!r}. There is {', '.join(self._colours.names)}."
            case "sort":
                return _no_order(screen, rest.strip())
            case "filter":
                return "There is no list to filter on this screen."
            case _:
                return self._no_address(line)

    def _no_address(self, line: str) -> str:
        try:
            parsed(line, self._store.rows())
        except UnknownAddressError as exc:
            return str(exc)
        return ""

    def _addresses(self, line: str) -> Iterator[Command]:
        text = line.strip().removeprefix(":").strip()
        if not text:
            return
        try:
            address = parsed(text, self._store.rows())
        except UnknownAddressError:
            return
        yield self._going(text, address)
        for more in self._completions(address, text):
            yield self._going(more, parsed(more, self._store.rows()))

    def _going(self, text: str, address: Address) -> Command:
        return Command(f"Go to {self._title(address)}", "", partial(self._goings.go, text), text)

    def _title(self, address: Address) -> str:
        if address.place:
            return " › ".join(filter(None, (address.place.capitalize(), address.tab.capitalize())))  # noqa: RUF001
        memory = self._store.server(address.server_id)
        name = clean(memory.row.name) if memory else "?"
        parts = (name, address.tab.capitalize(), clean(address.container), address.container_tab)
        return " › ".join(filter(None, parts))  # noqa: RUF001 - the breadcrumb's arrow

    def _completions(self, address: Address, text: str) -> Iterator[str]:
        """Yield how an address could go on."""
        if address.place:
            yield from (f"{text} {tab}" for tab in PLACES[address.place] if not address.tab)
        elif not address.tab:
            yield from (f"{text} {tab}" for tab in dict.fromkeys(TABS.values()))
        elif address.tab == "docker" and not address.container:
            found = self._store.containers.rows(address.server_id)
            yield from (f"{text}/{memory.item.name}" for memory in found[:_MOST_COMPLETIONS])

    def _themes(self, rest: str) -> Iterator[Command]:
        for name in self._colours.names:
            if rest.lower() in name:
                yield Command(
                    f"Theme {name}", "change the colours", partial(self._colours.take, name), f"theme {name}"
                )


def _no_order(screen: LiveScreen | None, rest: str) -> str:
    listed = screen.listed() if isinstance(screen, Listing) else None
    if listed is None or listed.order is None:
        return "There is no list to sort on this screen."
    return f"No column is called {rest!r} here. There is {', '.join(sort.id for sort in listed.sorts)}."


def _sorts(screen: LiveScreen | None, rest: str) -> Iterator[Command]:
    listed = screen.listed() if isinstance(screen, Listing) else None
    if listed is None or not isinstance(screen, Listing) or listed.order is None:
        return
    for sort in listed.sorts:
        if rest.lower() in sort.title.lower():
            order = first_order(listed.sorts, sort.id)
            yield Command(
                f"Sort by {sort.title}",
                "the list that is shown",
                partial(screen.take_order, order),
                f"sort {sort.id}",
            )


def _filters(screen: LiveScreen | None, rest: str) -> Iterator[Command]:
    listed = screen.listed() if isinstance(screen, Listing) else None
    if listed is not None and listed.bar is not None:
        title = f"Filter by {clean(rest)}" if rest else "Take the filter away"
        yield Command(title, "the list that is shown", partial(listed.bar.put, rest), f"filter {rest}")
