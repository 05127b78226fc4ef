"""Where client and store meet: one task folds the feed into the store and carries requests out."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chatops_tui.client.link import LinkState
from chatops_tui.config import Settings, parse_url
from chatops_tui.history_link import HistoryLink
from chatops_tui.late_client import opened_sessions
from chatops_tui.link_words import link_of, sentence
from chatops_tui.portions import Portions
from chatops_tui.requests import CodeNeededError, Needs, NewServer, NewToken, RequestFailedError
from chatops_tui.store.models import (
    Event,
    Link,
    LinkChanged,
    LinkPhase,
    SignedIn,
    TimelineAnswered,
)
from chatops_tui.store.runs import RunForgotten
from chatops_tui.store.store import Store
from chatops_wire.client import (
    AlertMessage,
    Authenticated,
    ContainerMessage,
    EventMessage,
    Fleet,
    FleetUpdate,
    MetricsEvent,
    PullFinished,
    PullProgress,
)
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.policy import Allowance, PolicyPatch, PolicyView
from chatops_wire.rest import ServerPatch
from chatops_wire.rest_enrolment import EnrollTokenCreate
from chatops_wire.settings import SettingError

if TYPE_CHECKING:
    # See `late_client`.
    from chatops_tui.client.connect import Hub
    from chatops_tui.client.conversation import FeedEvent
    from chatops_tui.client.feed import Feed
    from chatops_tui.client.http import Rest
    from chatops_tui.client.session import SessionStore
    from chatops_tui.client.terminals import Terminals

log = logging.getLogger(__name__)

T = TypeVar("T")

# What fits a screen of 50 lines with room to scroll.
TIMELINE_ENTRIES: Final = 50
# The longest wait of the usual backoff: what went wrong here will not mend itself sooner.
AFTER_FAILURE_S: Final = 15.0
_NOT_CONNECTED: Final = "Not connected to the hub."


class HubLink:
    """The hub as the screens see it (`requests.Hub`), and the feed that keeps the store up to date.

    `run` is the one task; what it starts ends with it.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        now_ms: Callable[[], int],
        came: Callable[[], None] = lambda: None,
    ) -> None:
        """Connect to nothing yet; `came` is called when the fleet is known that was not."""
        self._settings = settings
        self._came = came
        self._store = store
        self._now_ms = now_ms
        self._url = settings.url
        self._hub: Hub | None = None
        self._sessions: SessionStore | None = None
        self._user: str | None = settings.username
        """Whose session is taken up when a hub is opened; empty: the one last used there; None: nobody's."""
        self._tokens = settings.tokens
        self._moved = asyncio.Event()
        self._again = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[None]] = set()
        self.refused = ""
        """Why the password that came with the settings was not taken: one sentence, or empty."""
        self._needs = Needs()
        self._followed: frozenset[str] = frozenset()
        """Commands whose output is asked for; they go on whatever screen is looked at."""
        self.past = HistoryLink(store, self)
        self._portions: Portions[FeedEvent] = Portions(self._take)
        self._told: set[str] = set()
        """Servers whose timeline has been asked for on this connection."""

    @property
    def address(self) -> str:
        """The hub's address."""
        return self._url

    @property
    def pin(self) -> str:
        """The pin its certificate is known by; empty: an authority vouches for it."""
        return self._settings.tls_pin

    @property
    def rest(self) -> "Rest":
        """The hub's REST interface; RequestFailedError while there is none."""
        return self._connected().rest

    @property
    def feed(self) -> "Feed":
        """What the hub tells; RequestFailedError while there is no hub."""
        return self._connected().feed

    @property
    def terminals(self) -> "Terminals":
        """Terminals over the live connection; RequestFailedError while there is no hub."""
        return self._connected().terminals

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return self._now_ms()

    async def run(self) -> None:
        """Stay connected until cancelled; follows to another hub when somebody signs in there."""
        sessions = await self._opened_sessions()
        while True:
            self._moved.clear()
            await self._stay(sessions)

    def serve(self, needs: Needs) -> None:
        """Ask the hub for what the visible screen needs and does not have; returns at once."""
        if self._hub is None or self._tasks is None:
            return
        followed = self._store.runs.followed()
        if (needs, followed) != (self._needs, self._followed):
            for server_id in self._needs.watched - needs.watched:
                self._store.look_away(server_id)
            self._needs, self._followed = needs, followed
            # What is opened again is asked for again.
            self._told &= needs.timelines
            self._set_interests(self._hub)
        if self._store.link.phase is not LinkPhase.LIVE:
            return
        self.past.serve(needs)
        for server_id in needs.timelines - self._told:
            self._told.add(server_id)
            self.spawn(self._load_timeline(server_id), "timeline")
            self.spawn(self._load_latest(server_id), "latest")

    def resync(self) -> None:
        """Ask for everything anew, as after a new connection."""
        self._told.clear()
        for row in self._store.rows():
            memory = self._store.server(row.id)
            if memory is not None:
                memory.forget_history()
        self.reconnect_now()

    async def pause(self, reason: str) -> None:
        """After an error of our own: say `reason`, and wait before the next attempt as after any other."""
        retry_ms = self._now_ms() + int(AFTER_FAILURE_S * 1000)
        self._change_link(Link(LinkPhase.OFFLINE, self._now_ms(), retry_ms=retry_ms, reason=reason))
        self._again.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AFTER_FAILURE_S):
                await self._again.wait()

    def reconnect_now(self) -> None:
        """Do not wait for the next attempt."""
        self._again.set()
        if self._hub is not None:
            self._hub.feed.reconnect_now()

    async def sign_in(self, address: str, username: str, password: str, otp: str = "") -> None:
        """Sign in, also at another hub; the fleet follows by the feed. A failure leaves all as it is."""
        try:
            url = parse_url(address)
        except SettingError as exc:
            raise RequestFailedError(f"{exc}.") from exc
        if self._settings.hosted:
            # Else whoever looks at it could have this machine call any other, or guess passwords from it.
            raise RequestFailedError("Nobody signs in here: that is done where you came in.")
        sessions = await self._opened_sessions()
        from chatops_tui.client.connect import Tls, open_hub  # noqa: PLC0415 - see TYPE_CHECKING above

        async with open_hub(url, sessions, tls=Tls(self._settings.tls_ca, self._settings.tls_pin)) as hub:
            await self.ask(hub.session.login(username, password, otp))
        user = self._store.user
        if url != self._url or (user is not None and user.username != username):
            self._reset()
        self._url, self._user, self.refused = url, username, ""
        # At once, so that nobody is asked again before the feed has woken up.
        if self._store.link.phase is LinkPhase.SIGN_IN:
            self._change_link(Link(LinkPhase.CONNECTING))
        # A connection that is open is still another session's.
        self._moved.set()
        self._again.set()

    async def sign_out(self) -> None:
        """End the session here and at the hub."""
        hub = self._connected()
        self._user = None
        self._reset()
        try:
            await self.ask(hub.session.logout())
        finally:
            # Also when the hub could not be told: the tokens are gone from here.
            self._change_link(Link(LinkPhase.SIGN_IN))
            self._moved.set()

    def _reset(self) -> None:
        self._portions.drop()
        self._store.reset()

    async def add_server(self, name: str, tags: tuple[str, ...]) -> NewServer:
        """Add a server and make the key for its agent."""
        from chatops_tui.client.adding import add_server  # noqa: PLC0415 - likewise

        view, created = await self.ask(add_server(self.rest, name, tags))
        return NewServer(view, created.key)

    async def enroll_token(self, tags: tuple[str, ...]) -> NewToken:
        """Make what lets one machine in that then makes itself a server with these tags."""
        made = await self.ask(self.rest.access.make_enroll_token(EnrollTokenCreate(tags=tags)))
        return NewToken(made.line, made.expires_at)

    async def edit_server(self, server_id: str, name: str, tags: tuple[str, ...]) -> None:
        """Change name and tags."""
        patch = ServerPatch(name=name, tags=tags)
        await self.ask(self.rest.patch_server(server_id, patch))

    async def policy(self, server_id: str) -> PolicyView:
        """Return what may be asked of a server's machine, and who decided what."""
        return await self.ask(self.rest.policy(server_id))

    async def narrow(self, server_id: str, allowed: tuple[Allowance, ...] | None) -> None:
        """Do without the rest of what a server's machine allows; None: without nothing."""
        patch = ServerPatch(policy=PolicyPatch(allowed=allowed))
        await self.ask(self.rest.patch_server(server_id, patch))

    async def delete_server(self, server_id: str) -> None:
        """Remove a server; its agent is cut off."""
        await self.ask(self.rest.delete_server(server_id))

    async def _stay(self, sessions: "SessionStore") -> None:
        """Hold one hub until somebody moves to another or signs out."""
        from chatops_tui.client.connect import Tls, open_hub  # noqa: PLC0415 - likewise
        from chatops_tui.signing.chosen import chosen_sign, from_environment  # noqa: PLC0415 - likewise

        sign = await asyncio.to_thread(chosen_sign, self._settings, self._now_ms, from_environment)
        tls = Tls(self._settings.tls_ca, self._settings.tls_pin)
        hubs = open_hub(self._url, sessions, sign=sign, tls=tls)
        async with hubs as hub, asyncio.TaskGroup() as tasks:
            await self._begin(hub)
            self._hub, self._tasks = hub, tasks
            self._needs, self._followed = Needs(), frozenset()
            self._set_interests(hub)
            self._running = {tasks.create_task(hub.feed.run(self._deliver), name="feed")}
            try:
                await self._moved.wait()
            finally:
                self._hub = self._tasks = None
                for task in self._running:
                    task.cancel()

    async def _begin(self, hub: "Hub") -> None:
        """Take up the user's session if there is one; if not, the feed says that somebody has to sign in."""
        tokens, self._tokens = self._tokens, None
        if self._user is None:
            return
        if tokens is not None:
            await hub.session.adopt(self._user, tokens)
        elif not await hub.session.resume(self._user):
            await self._use_given_password(hub)

    async def _use_given_password(self, hub: "Hub") -> None:
        given = self._settings
        is_meant = (self._url, self._user) == (given.url, given.username) and not self.refused
        if not given.username or not given.password or not is_meant:
            return
        try:
            await self.ask(hub.session.login(given.username, given.password))
        except RequestFailedError as exc:
            self.refused = str(exc)

    async def _opened_sessions(self) -> "SessionStore":
        if self._sessions is None:
            opened = await opened_sessions(self._settings)
            # Another task may have come first.
            self._sessions = self._sessions or opened
        return self._sessions

    def _set_interests(self, hub: "Hub") -> None:
        from chatops_tui.client import interests  # noqa: PLC0415 - likewise

        topics = {
            *map(interests.metrics, self._needs.watched),
            *map(interests.containers, self._needs.containers),
            *map(interests.command, self._followed),
        }
        hub.feed.set_interests({interests.FLEET, interests.EVENTS, interests.ALERTS, *topics})

    def _deliver(self, event: "FeedEvent") -> None:
        self._store.heard_ms = self._now_ms()
        self._portions.put(event)

    def _take(self, event: "FeedEvent") -> None:
        from chatops_tui.client.conversation import InterestRefused  # noqa: PLC0415 - likewise

        match event:
            case LinkState():
                self._change_link(link_of(event, self._now_ms()))
            case Authenticated():
                self.apply(SignedIn(event.user, self._url))
            case (
                Fleet()
                | FleetUpdate()
                | MetricsEvent()
                | EventMessage()
                | AlertMessage()
                | CommandOutput()
                | CommandFinished()
            ):
                self.apply(event)
            case ContainerMessage() | PullProgress() | PullFinished():
                self._store.take_container_news(event, self._now_ms())
            case InterestRefused() if event.interest.command_id:
                self.apply(RunForgotten(event.interest.command_id, sentence(event.message)))
            case _:  # a refused interest is a server that is gone
                log.debug("event not shown", extra={"type": type(event).__name__})

    def apply(self, event: Event) -> None:
        """Fold an event into the store; one with a wrong time in it is logged."""
        was_loaded = self._store.is_loaded
        try:
            self._store.apply(event, self._now_ms())
        except ValueError:
            log.warning("event not understood", exc_info=True, extra={"type": type(event).__name__})
        if self._store.is_loaded and not was_loaded:
            self._came()

    def _change_link(self, link: Link) -> None:
        if link.phase is LinkPhase.LIVE and self._store.link.phase is not LinkPhase.LIVE:
            self._told.clear()
        self.apply(LinkChanged(link))

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> bool:
        """Start a task that ends with the hub's connections; False: there are none, and it is not begun."""
        if self._tasks is None:
            work.close()
            return False
        task = self._tasks.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    async def _load_timeline(self, server_id: str) -> None:
        try:
            events = await self.ask(self.rest.events(server_id, limit=TIMELINE_ENTRIES))
        except RequestFailedError as exc:
            log.info("timeline not loaded", extra={"server_id": server_id, "reason": str(exc)})
        else:
            self.apply(TimelineAnswered(server_id, events))

    async def _load_latest(self, server_id: str) -> None:
        """Bring the processes of a server that is offline, or whose next sample is seconds away."""
        try:
            self.apply(await self.ask(self.rest.latest(server_id)))
        except RequestFailedError as exc:
            log.info("latest sample not loaded", extra={"server_id": server_id, "reason": str(exc)})

    def _connected(self) -> "Hub":
        if self._hub is None:
            raise RequestFailedError(_NOT_CONNECTED)
        return self._hub

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a request; RequestFailedError."""
        from chatops_tui.client.errors import HubError, OtpNeededError  # noqa: PLC0415 - likewise

        try:
            return await work
        except OtpNeededError as exc:
            raise CodeNeededError(sentence(str(exc))) from exc
        except HubError as exc:
            raise RequestFailedError(sentence(str(exc))) from exc
