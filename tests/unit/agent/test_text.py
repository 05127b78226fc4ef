import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.collectors.text import MAX_COMMAND, clean, command_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eth0", "eth0"),
        ("Laufwerk für Fotos", "Laufwerk für Fotos"),
        ("bad\udcff name", "bad� name"),
        ("\x1b]0;title\x07", "�]0;title�"),
        ("new\nline", "new�line"),
        ("\u202eevil", "�evil"),
        ("x" * 300, "x" * 255),
    ],
)
def test_text_becomes_fit_to_be_sent(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text(alphabet=st.characters(codec=None), max_size=300))
def test_any_text_can_be_encoded_and_moves_no_cursor(text: str) -> None:
    fit = clean(text).encode("utf-8").decode()
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in fit)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nginx", "-g", "daemon off;"], "nginx -g daemon off;"),
        (["app", "--password=hunter2", "x"], "app --password=*** x"),
        (["app", "--password", "hunter 2", "x"], "app --password *** x"),
        (["app", "--api-key", "abc", "--port", "80"], "app --api-key *** --port 80"),
        (["app", "--token-stdin", "--port", "80"], "app --token-stdin --port 80"),
        (["env", "AWS_SECRET_ACCESS_KEY=abc", "run"], "env AWS_SECRET_ACCESS_KEY=*** run"),
        (["sh", "-c", "db --passwd abc --user x"], "sh -c db --passwd *** --user x"),
        (["sh", "-c", "TOKEN='a b' run"], "sh -c TOKEN=*** run"),
        (["psql", "postgres://me:abc@db:5432/x"], "psql postgres://me:***@db:5432/x"),
        (["curl", "-u", "me:abc", "http://x"], "curl -u me:*** http://x"),
        (
            ["curl", "-H", "Authorization: Bearer abc", "http://x"],
            "curl -H Authorization: Bearer *** http://x",
        ),
        (["/usr/bin/mysqldump", "-h", "db", "-pabc", "all"], "/usr/bin/mysqldump -h db -p*** all"),
        (["sshpass", "-p", "abc", "ssh", "-p", "22", "x"], "sshpass -p *** ssh -p 22 x"),
        (["ssh", "-p2222", "host"], "ssh -p2222 host"),
        (["run", "chops_abcdefghij_" + "a" * 52 + "_0a1b2c3d"], "run chops_***"),
        (["postgres: writer process   "], "postgres: writer process"),
        ([], ""),
    ],
)
def test_a_command_line_shows_no_secret(words: list[str], expected: str) -> None:
    assert command_line("\0".join(words).encode()) == expected


def test_a_command_line_is_short() -> None:
    assert command_line(b"java\0" + b"x" * 5000) == "java " + "x" * (MAX_COMMAND - 5)


def test_a_secret_at_the_cut_does_not_slip_through() -> None:
    assert "abc" not in command_line(b"x" * 180 + b"\0--password\0" + b"abc" * 10)


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert command_line(b"caf\xe9\0-v") == "caf� -v"
