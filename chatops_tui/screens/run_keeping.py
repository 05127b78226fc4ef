"""What one keeps of a run: its output in the clipboard or in a file."""

import asyncio
from pathlib import Path
from typing import ClassVar, Final

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field, Form
from chatops_tui.store.runs import RunMemory
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter

# What terminals take by OSC 52: xterm's limit is lower, but most take this.
_COPIED_CHARACTERS: Final = 74_000
_NOT_HERE: Final = "This UI runs on another machine than yours: use `chatops` on yours to save files."


class SaveForm(Dialog[Path | None]):
    """Asks for a file; answers with its path, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="save.cancel", key_display="esc"),
    ]

    def __init__(self, proposal: Path, title: str = "Save the whole output") -> None:
        super().__init__()
        self._proposal = proposal
        self._title = title

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Vertical(classes="dialog wide") as box:
            set_box_title(box, self._title)
            yield Form(Field("save-path", "File", str(self._proposal)))
        yield KeyFooter()

    def on_mount(self) -> None:
        """Type into it at once."""
        self.query_one(Form).focus_first_empty()

    def action_cancel(self) -> None:
        """Save nothing."""
        close(self, None)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look whether it can be that file."""
        event.stop()
        if isinstance(self.app, LeanApp) and self.app.is_hosted:
            self.query_one(Form).say(_NOT_HERE, wrong=True)
            return
        text = event.value.strip()
        path = await asyncio.to_thread(_new_file, text)
        if isinstance(path, Path):
            close(self, path)
        else:
            self.query_one(Form).say(path, wrong=True)


def _new_file(text: str) -> Path | str:
    """Return the path of a file that can be made, or one sentence why none can."""
    try:
        path = Path(text).expanduser()
        if not text or path.is_dir():
            return "That names no file."
        if path.exists():
            return "There is such a file already; nothing is overwritten."
        return path if path.parent.is_dir() else "There is no such folder."
    except (OSError, RuntimeError, ValueError) as exc:  # no permission; no such home; a NUL in the name
        return f"That cannot be a file: {exc}"


class RunKeeping:
    """Carries out `copy` and `save`."""

    def __init__(self, app: App[object], given: Context) -> None:
        self._app = app
        self._given = given

    def do(self, wish: str, memory: RunMemory) -> None:
        """Begin."""
        if wish == "copy":
            self._copy(memory)
        elif wish == "save" and memory.run.command_id:
            server = self._given.store.server(memory.run.server_id)
            name = clean(server.row.name).replace("/", "_") if server else "server"
            proposal = Path(f"{name}-{memory.run.command_id[-8:]}.log")
            self._app.push_screen(SaveForm(proposal), lambda path: self._save(memory, path))  # type: ignore[unused-awaitable]

    def _copy(self, memory: RunMemory) -> None:
        output = memory.output
        text = "\n".join(output.line(at).text for at in range(len(output)))
        is_cut = len(text) > _COPIED_CHARACTERS or output.dropped > 0
        self._app.copy_to_clipboard(text[-_COPIED_CHARACTERS:])
        said = "The end of the output is copied" if is_cut else "The output is copied"
        self._app.notify(f"{said}, if your terminal allows it.", markup=False)

    def _save(self, memory: RunMemory, path: Path | None) -> None:
        if path is not None:
            self._app.run_worker(self._saved(memory, path), name="save-output", exit_on_error=False)

    async def _saved(self, memory: RunMemory, path: Path) -> None:
        try:
            output = await self._given.commands.output(memory.run.command_id)
            await asyncio.to_thread(_write_new, path, output)
        except RequestFailedError as exc:
            self._app.notify(clean(str(exc)), severity="error", markup=False)
        except OSError as exc:
            self._app.notify(f"{path}: {exc.strerror}", severity="error", markup=False)
        else:
            self._app.notify(f"{len(output):,} bytes are in {path}.", markup=False)


def _write_new(path: Path, output: bytes) -> None:
    # Exclusively: what came into being since the form looked is not overwritten either.
    with path.open("xb") as file:
        file.write(output)
