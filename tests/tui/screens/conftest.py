"""A user at a terminal of any size, in front of the whole program and a hub double."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from pathlib import Path

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

# What the program loads in a thread once it has drawn; a key that came before would wait for it.
import chatops_tui.deeds  # noqa: F401
from chatops_tui.app import ChatopsApp
from chatops_tui.config import Settings
from chatops_tui.terminal import Wishes, decide
from chatops_wire.rest import Tokens
from tests.deadlines import MS, eventually
from tests.tui.screens.hub_double import HubDouble

_LOOK_EVERY_S = 20 * MS
COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@dataclass(eq=False)
class Ui:
    """What a person does and sees."""

    app: ChatopsApp
    pilot: Pilot[object]

    def lines(self) -> list[str]:
        """Return the screen as it stands, one string a row."""
        strips = self.app.screen._compositor.render_strips(self.app.size)  # noqa: SLF001 - no public way
        return [strip.text for strip in strips]

    def text(self) -> str:
        return "\n".join(self.lines())

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type into the focused field, in one go as a terminal pastes."""
        await eventually(lambda: isinstance(self.app.focused, Input), what="a field to type into")
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.pilot.pause()

    async def sees(self, *wanted: str) -> None:
        """Wait until all of `wanted` is on the screen."""
        try:
            await eventually(lambda: self._shows(wanted))
        except AssertionError as exc:
            raise AssertionError(f"never saw {wanted} in:\n{self.text()}") from exc

    async def sees_no(self, *unwanted: str) -> None:
        """Wait until none of `unwanted` is on the screen."""
        await eventually(lambda: self._hides(unwanted), what=f"no {unwanted}")

    async def _shows(self, wanted: tuple[str, ...]) -> bool:
        text = await self._look()
        return all(part in text for part in wanted)

    async def _hides(self, unwanted: tuple[str, ...]) -> bool:
        text = await self._look()
        return not any(part in text for part in unwanted)

    async def _look(self) -> str:
        # A look costs as much as a picture: every 5 ms they would be most of the test's work.
        await asyncio.sleep(_LOOK_EVERY_S)
        return self.text()

    def line_with(self, part: str) -> str:
        return next(line for line in self.lines() if part in line)

    def colours_of(self, part: str) -> set[str]:
        """Return the colours of letters and figures on the first line with `part`."""
        strips = self.app.screen._compositor.render_strips(self.app.size)  # noqa: SLF001 - likewise
        strip = next(strip for strip in strips if part in strip.text)
        styles = [segment.style for segment in strip if re.search(r"\w", segment.text)]
        return {style.color.name for style in styles if style and style.color}

    def rows(self) -> list[str]:
        """Return the names in the fleet's table, from top to bottom."""
        names = [line[4:14].strip() for line in self.lines()]
        return [name for name in names if f"id-{name}" in {row.id for row in self.app.store.rows()}]


StartUi = Callable[..., AbstractAsyncContextManager[Ui]]


@pytest.fixture
async def hub() -> AsyncIterator[HubDouble]:
    double = HubDouble()
    await double.start()
    yield double
    await double.stop()


@pytest.fixture
def start_ui(hub: HubDouble) -> StartUi:
    """Start the program at the double: `signed_in`, `size`, `environ`, `zone`, `state` and any setting."""

    @asynccontextmanager
    async def start(
        *,
        size: tuple[int, int] = (80, 24),
        signed_in: bool = True,
        environ: dict[str, str] | None = None,
        zone: tzinfo = UTC,
        state: Path | None = None,
        **settings: object,
    ) -> AsyncIterator[Ui]:
        chosen = Settings(url=hub.url)
        if signed_in:
            tokens = Tokens(access_token="access-0", refresh_token="refresh-0")  # noqa: S106 - the double's
            chosen = msgspec.structs.replace(chosen, username="admin", tokens=tokens)
        chosen = msgspec.structs.replace(chosen, **settings)
        terminal = decide(environ or COLOURS, is_tty=True, encoding="UTF-8", wishes=Wishes())
        # A user would not see more; a test need not wait for a quarter of a second each time.
        terminal = replace(terminal, tick_s=0.05)
        # It looks for its style sheets, which a program does before there is an event loop.
        app = await asyncio.to_thread(ChatopsApp, chosen, terminal, zone=zone, draw_every_ms=100)
        if state is not None:
            await asyncio.to_thread(app.kept.keep_in, state)
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Ui(app, pilot)

    return start


@pytest.fixture
async def ui(start_ui: StartUi) -> AsyncIterator[Ui]:
    """The fleet of twelve, signed in, 80x24."""
    async with start_ui() as started:
        await started.sees("db-01", "web-02", "● live")
        yield started
