"""Programs the demo starts: their first line, their last words, and that none is left."""

import asyncio
import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from chatops_tui.demo.children import Children, Program
from chatops_tui.demo.errors import DemoError
from tests.deadlines import DEADLINE_S, eventually

PROGRAMS = {
    "ready": "print('ready', flush=True); time.sleep(60)",
    "fails": "print('first\\nreason', file=sys.stderr); sys.exit(3)",
    "mute": "time.sleep(60)",
    "stubborn": "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, body in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(f"import signal, sys, time\n{body}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str) -> Program:
    return Program(name, [name], folder / f"{name}.log", dict(os.environ))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie whose new parent has not looked yet is as dead as can be.
    return " Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_a_program_tells_its_first_line(programs: Path) -> None:
    with Children() as children:
        assert children.start(program(programs, "ready")).line(DEADLINE_S) == "ready"


def test_a_program_that_ends_at_once_leaves_its_last_words(programs: Path) -> None:
    with Children() as children, pytest.raises(DemoError) as caught:
        children.start(program(programs, "fails")).line(DEADLINE_S)

    assert str(caught.value) == "the fails ended with status 3; its last lines:"
    assert caught.value.last_lines == ("first", "reason")


def test_a_program_that_is_never_ready_is_given_up(programs: Path) -> None:
    with Children() as children, pytest.raises(DemoError, match="was not ready within 0 s"):
        children.start(program(programs, "mute")).line(0.05)


def test_the_end_of_a_program_is_noticed(programs: Path) -> None:
    with Children() as children:
        child = children.start(program(programs, "fails"))
        asyncio.run(asyncio.wait_for(child.gone(), DEADLINE_S))
        assert str(child.failure()).startswith("the fails ended with status 3")


def test_leaving_ends_even_what_ignores_sigterm(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatops_tui.demo.children.ALL_END_WITHIN_S", 0.1)
    with Children() as children:
        child = children.start(program(programs, "stubborn"))
        child.line(DEADLINE_S)

    assert child.has_ended()


async def test_a_killed_demo_leaves_no_orphan(programs: Path) -> None:
    """kill -9 gives nobody the chance to clean up: the kernel does it."""
    body = """
        import os, sys, time
        from pathlib import Path
        from chatops_tui.demo.children import Children, Program
        with Children() as children:
            child = children.start(Program("ready", ["ready"], Path("ready.log"), dict(os.environ)))
            child.line(60)
            print(child._process.pid, flush=True)
            time.sleep(60)
    """
    root = str(Path(__file__).parents[3])
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(body)),
        stdout=asyncio.subprocess.PIPE,
        cwd=programs,
        env=os.environ | {"PYTHONPATH": f"{programs}:{root}"},
    )
    assert parent.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        pid = int(await parent.stdout.readline())
    assert is_alive(pid)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()

    await eventually(lambda: not is_alive(pid))
