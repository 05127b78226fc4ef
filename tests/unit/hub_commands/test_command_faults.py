"""What is wrong with a command before any machine is asked."""

import pytest

from chatops_server.domain.command_faults import MAX_ARGUMENT_BYTES, MAX_ENV, fault


@pytest.mark.parametrize(
    ("command", "argv"),
    [("uptime", ()), ("x" * MAX_ARGUMENT_BYTES, ()), ("", ("ls", "-l", "")), ("echo 'ü'\n", ())],
)
def test_a_good_command_has_no_fault(command: str, argv: tuple[str, ...]) -> None:
    assert fault(command, argv, stdin="", cwd="/srv", env={"A": ""}) is None


@pytest.mark.parametrize(
    ("command", "argv", "said"),
    [
        ("", (), "command: it is empty"),
        ("\t \n", (), "command: it is empty"),
        ("a\0", (), "command: it holds a NUL"),
        ("ü" * (MAX_ARGUMENT_BYTES // 2 + 1), (), "command: 131072 bytes, at most 131071 are taken"),
        ("\ud800", (), "command: it holds half a surrogate pair"),
        ("a", ("b",), "argv: either"),
        ("", ("", "b"), "argv: the name of the program is empty"),
        ("", ("a", "\0"), "argv: it holds a NUL"),
        ("", ("a",) * 1001, "argv: at most 1000 words"),
        ("", ("a" * 70_000, "b" * 70_000), "argv: at most 131071 bytes in all"),
    ],
)
def test_what_cannot_be_run_is_told_by_its_field(command: str, argv: tuple[str, ...], said: str) -> None:
    found = fault(command, argv, env={})
    assert found is not None
    assert found.startswith(said)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"": "a"}, "env: a name is empty"),
        ({"A=": "a"}, "env: a name is empty or holds ="),
        ({"A": "\0"}, "env: it holds a NUL"),
        ({"A": "x" * 5000}, "env: 5001 bytes"),
        ({f"A{number}": "" for number in range(MAX_ENV + 1)}, "env: at most 64 variables"),
    ],
)
def test_so_is_an_environment(env: dict[str, str], said: str) -> None:
    found = fault("a", (), env=env)
    assert found is not None
    assert found.startswith(said)


@pytest.mark.parametrize(
    ("stdin", "cwd", "said"), [("x" * 600_000, None, "stdin: 600000"), (None, "a\0", "cwd: it holds a NUL")]
)
def test_so_are_input_and_folder(stdin: str | None, cwd: str | None, said: str) -> None:
    found = fault("a", (), stdin=stdin, cwd=cwd, env={})
    assert found is not None
    assert found.startswith(said)
