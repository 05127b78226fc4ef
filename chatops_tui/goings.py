"""Goes to an address: at once where it is known, or as soon as the hub has told enough."""

from typing import TYPE_CHECKING

from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.relay.place import Place
from chatops_tui.render.text import clean
from chatops_tui.screens.context import Context
from chatops_tui.store.addresses import Address, UnknownAddressError, near_names, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    # Its screens are imported in a thread once the first frame is there.
    from chatops_tui.deeds import Deeds


class Goings:
    """At most one address is waited for; a newer one takes its place."""

    def __init__(self, app: LeanApp[object], given: Context, deeds: "Callable[[], Deeds]") -> None:
        """Go nowhere yet."""
        self._app = app
        self._given = given
        self._deeds = deeds
        self._text = ""
        self._inside: Address | None = None

    def later(self, text: str) -> None:
        """Go there once there is a fleet."""
        self._text = text

    def go(self, text: str) -> None:
        """Go there now; whatever is wrong with it is said."""
        self._text, self._inside = "", None
        try:
            self._take(parsed(text, self._given.store.rows()))
        except UnknownAddressError as exc:
            self._complain(str(exc))

    def serve(self) -> None:
        """Look whether what is waited for has come; call it with each tick."""
        if self._text and self._given.store.is_loaded:
            self.go(self._text)
        if self._inside is not None:
            self._enter(self._inside)

    def _take(self, address: Address) -> None:
        if address.place:
            self._go_to_place(address)
        elif address.tab == "shell":
            memory = self._given.store.server(address.server_id)
            self._deeds().shell(Place(address.server_id, memory.row.name if memory else ""))
        elif address.tab == "shells":
            self._deeds().list_shells(address.server_id)
        else:
            self._deeds().visit(address.server_id, address.tab)
            self._inside = address if address.container else None

    def _go_to_place(self, address: Address) -> None:
        match address.place:
            case "fleet":
                while len(self._app.screen_stack) > 1:
                    # Nobody waits until it is gone.
                    self._app.pop_screen()  # type: ignore[unused-awaitable]
            case "alerts":
                self._deeds().alerts(address.tab)
            case "containers":
                self._deeds().do("containers", "")
            case "settings":
                self._deeds().settings(address.tab)
            case "audit":
                self._deeds().audit()
            case _:
                self._deeds().list_shells("")

    def _enter(self, address: Address) -> None:
        """Open the container once the list of its server is known."""
        containers = self._given.store.containers
        if containers.failure(address.server_id):
            self._inside = None  # the tab says why
        if not containers.is_loaded(address.server_id) or self._inside is None:
            return
        self._inside = None
        by_name = {memory.item.name: memory.key for memory in containers.rows(address.server_id)}
        found = by_name.get(address.container)
        if found is not None:
            self._deeds().container(found, address.container_tab)
            return
        near = near_names(address.container, by_name)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        self._complain(f"No container is called {address.container!r} there.{hint}")

    def _complain(self, text: str) -> None:
        self._app.notify(clean(text), severity="warning", timeout=8, markup=False)
