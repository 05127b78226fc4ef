"""The relay in a Textual app that steps aside for it, in a real terminal."""

import sys

from tests.integration.client.program import in_terminal

APP = """
import asyncio
from textual.app import App
from textual.widgets import Static
from chatops_tui.relay.place import Place
from chatops_tui.relay.shell import Manner, show_shell

class View:
    server_id, terminal_id = "srv", "trm"

    def __init__(self):
        self.news = asyncio.Queue()
        self.news.put_nowait(b"remote shell$ ")

    async def read(self):
        return await self.news.get()

    async def write(self, data):
        self.news.put_nowait(b"<" + data + b">")

    async def resize(self, size):
        self.news.put_nowait(f"[{size.cols}x{size.rows}]".encode())

    async def detach(self):
        pass

class Terminals:
    async def open(self, *_, **__):
        return View()

class Ui(App):
    BINDINGS = [("s", "shell", ""), ("q", "quit", "")]
    visits = 0

    def compose(self):
        yield Static("the ui is here")

    async def action_shell(self):
        self.run_worker(self.visit())

    async def visit(self):
        with self.suspend():
            left = await show_shell(Terminals(), Place("srv", "web-1"), Manner())
        self.visits += 1
        self.query_one(Static).update(f"back {self.visits} times: {left.kind}")

Ui().run()
"""


async def test_keys_go_to_the_shell_and_then_to_the_ui_again() -> None:
    async with in_terminal(program=(sys.executable, "-c", APP)) as terminal:
        before = terminal.settings
        await terminal.shows(b"the ui is here")
        for visits in (1, 2):
            terminal.type(b"s")
            await terminal.shows(b"remote shell$ ")
            # Keys of the UI, and one that would be a signal.
            terminal.type(b"q\x03")
            await terminal.shows(b"<q\x03>")
            terminal.resize(100 + visits, 30)
            await terminal.shows(b"[%dx30]" % (100 + visits))
            terminal.seen.clear()
            terminal.type(b"\x1d")
            await terminal.shows(b"back %d times: detached" % visits)
        terminal.type(b"q")
        assert await terminal.ends() == 0
        assert terminal.settings == before


BUSY_APP = """
import asyncio
from textual.widgets import Static
from chatops_tui.aside import step_aside
from chatops_tui.driver.lean_app import LeanApp

class Ui(LeanApp):
    BINDINGS = [("s", "aside", ""), ("q", "quit", "")]

    def compose(self):
        yield Static("the ui is here")

    async def action_aside(self):
        self.run_worker(self.visit(), exit_on_error=False)

    async def visit(self):
        try:
            await step_aside(self, self.work)
        except ValueError as exc:
            self.query_one(Static).update(f"back after {exc}")

    async def work(self):
        print("somebody else has it", flush=True)
        # As many as would fill the queue of a writer that is gone.
        for number in range(100):
            self.bell()
            self.copy_to_clipboard("text")
            self.query_one(Static).update(f"drawn unseen {number}")
            await asyncio.sleep(0)
        print("and nobody wrote into it", flush=True)
        raise ValueError("an error")

Ui().run()
"""


async def test_what_the_ui_does_while_another_has_the_terminal_is_not_seen_there_and_blocks_nothing() -> None:
    async with in_terminal(program=(sys.executable, "-c", BUSY_APP)) as terminal:
        before = terminal.settings
        await terminal.shows(b"the ui is here")
        terminal.seen.clear()
        terminal.type(b"s")
        await terminal.shows(b"and nobody wrote into it")
        seen = bytes(terminal.seen)
        between = seen[seen.index(b"somebody else has it") : seen.index(b"and nobody")]
        assert between == b"somebody else has it\r\n"
        # An error does not leave the UI suspended, as Textual would.
        await terminal.shows(b"back after an error")
        terminal.type(b"q")
        assert await terminal.ends() == 0
        assert terminal.settings == before
