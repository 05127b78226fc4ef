"""Where nothing can be drawn or printed, the program says so in one line."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

CLI = [sys.executable, "-m", "chatops_tui.cli"]


@pytest.mark.parametrize("job", [[], ["demo"]])
def test_a_dumb_terminal_gets_one_line(job: list[str], tmp_path: Path) -> None:
    main, side = pty.openpty()
    environ = os.environ | {"TERM": "dumb", "HOME": str(tmp_path)}
    ended = subprocess.run(  # noqa: S603 - our own program
        [*CLI, *job], env=environ, stdin=side, stdout=side, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(side)
    os.close(main)
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert "TERM=dumb" in line


def test_a_full_disk_behind_stdout_is_one_line() -> None:
    code = (
        "import sys; from chatops_tui import cli; cli._run = lambda _: sys.stdout.write('x') and 0\n"
        "sys.exit(cli.main(['servers']))"
    )
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert "cannot be written" in line
