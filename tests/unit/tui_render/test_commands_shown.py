"""What of a command line is shown where there is little room, and what stands out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.command import command_cell
from chatops_tui.render.spans import plain
from chatops_tui.render.text import clean


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/srv/app/.venv/bin/python3 .venv/bin/pytest -q tests/a", "python3 pytest -q tests/a"),
        ("/usr/bin/python3.11 -m gunicorn shop.wsgi", "python3.11 -m gunicorn shop.wsgi"),
        ("/usr/bin/python3 -u /srv/x.py", "python3 -u /srv/x.py"),
        ("node /srv/front/server.js --port 3000", "node server.js --port 3000"),
        ("/usr/bin/dockerd -H fd:// --containerd=/run/c.sock", "dockerd -H fd:// --containerd=/run/c.sock"),
        ("postgres: app prod 10.0.3.9(51234) SELECT", "postgres: app prod 10.0.3.9(51234) SELECT"),
        ("nginx: master process /usr/sbin/nginx -g daemon off;", None),
        ("tail -f /var/log/syslog", None),
        ("-bash", None),
        ("/", None),
        ("python3", None),
        ("/opt/a/ b", None),
        ("/usr/bin/sh /", "sh /"),
    ],
)
def test_folders_of_program_and_script_give_way(command: str, expected: str | None) -> None:
    assert plain(command_cell("name", command, whole=False)) == (expected or command)


def test_what_runs_stands_out() -> None:
    command = "/srv/app/bin/python3 /srv/app/manage.py runserver"
    assert command_cell("python3", command, whole=False) == [
        ("python3", "text"),
        (" ", "muted"),
        ("manage.py", "text"),
        (" runserver", "muted"),
    ]
    assert command_cell("python3", command, whole=True) == [
        ("/srv/app/bin/", "muted"),
        ("python3", "text"),
        (" /srv/app/", "muted"),
        ("manage.py", "text"),
        (" runserver", "muted"),
    ]


def test_a_thread_of_the_kernel_has_only_a_name() -> None:
    assert command_cell("kworker/u8:4-ext4", "", whole=False) == [("kworker/u8:4-ext4", "muted")]


@given(st.text())
def test_the_whole_command_loses_nothing(command: str) -> None:
    shown = plain(command_cell("name", command, whole=True))
    assert shown.split() == (clean(command).split() or ["name"])


def test_a_thread_of_the_kernel_lies_in_no_folder() -> None:
    """Of a moment of the past its command line is its name."""
    assert plain(command_cell("kworker/0:1", "kworker/0:1", whole=False)) == "kworker/0:1"
