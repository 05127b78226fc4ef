"""What is on the screen first, and what need not be waited for."""

import asyncio
from dataclasses import replace
from typing import Literal

import pytest

from chatops_tui.app import ChatopsApp
from chatops_tui.config import Settings
from chatops_tui.terminal import Wishes, decide
from chatops_wire.rest import Tokens
from tests.deadlines import eventually
from tests.tui.screens.conftest import COLOURS, Ui
from tests.tui.screens.hub_double import HubDouble

# Longer than any test may take: whatever is drawn does not wait for it.
_NEVER_S = 3600.0


Theme = Literal["", "chatops-dark", "chatops-light", "ansi-light"]


async def _app(hub: HubDouble, theme: Theme = "") -> ChatopsApp:
    tokens = Tokens(access_token="access-0", refresh_token="refresh-0")  # noqa: S106 - the double's
    settings = Settings(url=hub.url, username="admin", tokens=tokens, theme=theme)
    terminal = decide(COLOURS, is_tty=True, encoding="UTF-8", wishes=Wishes(theme=theme))
    return await asyncio.to_thread(ChatopsApp, settings, replace(terminal, tick_s=_NEVER_S))


async def test_the_first_picture_says_where_one_is(hub: HubDouble) -> None:
    app = await _app(hub)
    pictures: list[str] = []

    def seen() -> None:
        lines = app.screen._compositor.render_strips(app.size)  # noqa: SLF001 - what a terminal would get
        pictures.append("\n".join(line.text for line in lines))

    app.post_display_hook = seen  # type: ignore[method-assign]
    async with app.run_test(size=(80, 24)):
        await eventually(lambda: any(picture.strip() for picture in pictures))
        first = next(picture for picture in pictures if picture.strip())
    assert "chatops › Fleet" in first  # noqa: RUF001 - the breadcrumb's arrow
    assert "connecting" in first


async def test_the_fleet_is_drawn_when_it_comes_and_not_at_the_next_tick(hub: HubDouble) -> None:
    app = await _app(hub)
    async with app.run_test(size=(80, 24)) as pilot:
        await Ui(app, pilot).sees("db-01", "web-02", "● live")


@pytest.mark.parametrize("theme", ["chatops-dark", "chatops-light", "ansi-light"])
async def test_the_style_sheets_are_parsed_for_the_colours_that_are_seen_and_only_for_these(
    hub: HubDouble, theme: Theme
) -> None:
    app = await _app(hub, theme)
    # To parse all of them again Textual puts others in their place.
    sources = app.stylesheet.source
    async with app.run_test(size=(80, 24)) as pilot:
        await Ui(app, pilot).sees("db-01")
        assert app.stylesheet.source is sources
        assert app.has_class(f"-theme-{theme}")
        assert app.has_class("-light-mode") == (not app.current_theme.dark)
        assert app.screen.styles.background == app.screen.query_one("#body").background_colors[1]
        app.action_next_theme()
        await eventually(lambda: app.stylesheet.source is not sources)
