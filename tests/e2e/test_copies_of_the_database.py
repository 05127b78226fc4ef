"""`backup`, `restore` and `verify`, as an administrator runs them."""

import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from chatops_server.domain.chunks import encode
from tests.e2e.hub_program import Hub, command, running

PASSWORD = "secret word"  # noqa: S105 - of a hub that ends with the test


def hub_at(folder: Path) -> AbstractContextManager[Hub]:
    return running("--data-dir", str(folder), CHATOPS_ADMIN_PASSWORD=PASSWORD)


def add_server(hub: Hub, name: str) -> None:
    hub.ask("/api/v1/servers", {"name": name}, hub.login(PASSWORD))


def names(hub: Hub) -> list[str]:
    return sorted(item["name"] for item in hub.ask("/api/v1/servers", token=hub.login(PASSWORD))["items"])


def change(database: Path, *statements: str) -> None:
    """Change a file behind everybody's back, as somebody with a reason to would."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data directory of a hub that ran, with some entries in its audit log."""
    folder = tmp_path_factory.mktemp("made")
    with hub_at(folder) as hub:
        for number in range(3):
            add_server(hub, f"web-{number}")
        assert hub.stop() == 0
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """Return a copy of that directory."""
    return Path(shutil.copytree(made, tmp_path / "data"))


def test_a_running_hub_is_copied_and_the_copy_restored(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    place = ("--data-dir", str(data))
    with hub_at(data) as hub:
        add_server(hub, "before")
        done = command("backup", str(copy), *place)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{copy}: ")
        add_server(hub, "after")
        refused = command("restore", str(copy), *place)
        assert refused.returncode == 1
        [line] = refused.stderr.splitlines()
        assert str(hub.process.pid) in line
        assert hub.stop() == 0
    restored = command("restore", str(copy), *place)
    assert (restored.returncode, restored.stderr) == (0, "")
    assert str(data / "hub.db.before-restore") in restored.stdout
    with hub_at(data) as hub:
        assert names(hub) == ["before"]
        [newest, *_] = [
            entry
            for entry in hub.ask("/api/v1/audit", token=hub.login(PASSWORD))["items"]
            if entry["action"] == "database.restore"
        ]
        assert (newest["target"], newest["address"]) == (str(copy), "console")
    assert command("verify", *place).returncode == 0


def test_a_copy_is_whole_while_the_hub_writes(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    with hub_at(data) as hub:
        token, stop = hub.login(PASSWORD), threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                hub.ask("/api/v1/servers", {"name": f"web-{number}"}, token)
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(3):
                assert command("backup", str(copy), "--data-dir", str(data)).returncode == 0
                assert command("verify", str(copy)).returncode == 0
        finally:
            stop.set()
            writer.join()
    # A server and its audit entry came in one transaction.
    with closing(sqlite3.connect(copy)) as connection:
        [(servers,)] = connection.execute("SELECT count(*) FROM servers").fetchall()
        [(entries,)] = connection.execute(
            "SELECT count(*) FROM audit WHERE action = 'server.create'"
        ).fetchall()
        assert servers == entries > 0


def test_only_its_owner_may_read_a_copy_and_nothing_else_is_left(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    assert command("backup", str(folder / "hub.db"), "--data-dir", str(data)).returncode == 0
    assert [path.name for path in folder.iterdir()] == ["hub.db"]
    assert stat.S_IMODE((folder / "hub.db").stat().st_mode) == 0o600


def test_older_copies_stay_as_many_as_asked_for(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for number in range(4):
        change(data / "hub.db", f"UPDATE servers SET name = 'copy-{number}' WHERE num = 1")  # noqa: S608 - ours
        assert command("backup", str(folder / "h"), "--keep", "2", "--data-dir", str(data)).returncode == 0
    kept = {}
    for path in folder.iterdir():
        with closing(sqlite3.connect(path)) as connection:
            [(kept[path.name],)] = connection.execute("SELECT name FROM servers WHERE num = 1").fetchall()
    assert kept == {"h": "copy-3", "h.1": "copy-2", "h.2": "copy-1"}


def test_a_sound_database_is_said_to_be(data: Path) -> None:
    verified = command("verify", "--data-dir", str(data))
    assert verified.returncode == 0
    path, damage, chain = verified.stdout.splitlines()
    assert path == str(data / "hub.db")
    assert damage.split() == ["integrity", "ok"]
    with closing(sqlite3.connect(data / "hub.db")) as connection:
        [(entries, head)] = connection.execute(
            "SELECT count(*), max(hash) FILTER (WHERE id = (SELECT max(id) FROM audit)) FROM audit"
        ).fetchall()
    assert f"ok; {entries} entries hold together, the last one is {head}" in chain


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["UPDATE audit SET user_id = 'usr_other' WHERE id = 2"], "entry 2 was changed"),
        (["UPDATE audit SET data = '{\"name\": 1}' WHERE id = 3"], "entry 3 was changed"),
        (["UPDATE audit SET data = 'no json' WHERE id = 3"], "entry 3 cannot be read"),
        (["DELETE FROM audit WHERE id = 2"], "entry 3 does not follow entry 1"),
        (["DELETE FROM audit WHERE id = 1"], "entry 2 does not follow entry 0"),
        (["DELETE FROM audit WHERE id > 2"], "the entries after 2 up to"),
    ],
)
def test_a_tampered_audit_log_is_found(data: Path, statements: list[str], said: str) -> None:
    triggers = ["DROP TRIGGER audit_is_never_changed", "DROP TRIGGER audit_is_never_deleted"]
    change(data / "hub.db", *triggers, *statements)
    verified = command("verify", "--data-dir", str(data))
    assert verified.returncode == 1
    assert f"audit chain  BROKEN: {said}" in verified.stdout
    assert "integrity    ok" in verified.stdout


CUT: tuple[str, ...] = (
    "DROP TRIGGER audit_is_never_deleted",
    "DELETE FROM audit WHERE id > 2",
    "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'audit'",
)


def test_an_end_cut_off_with_all_its_traces_is_found_by_the_note_outside(data: Path, tmp_path: Path) -> None:
    noted = (data / "audit-head").read_text().strip()
    assert stat.S_IMODE((data / "audit-head").stat().st_mode) == 0o600
    last = int(noted.partition(":")[0])
    change(data / "hub.db", *CUT)
    verified = command("verify", "--data-dir", str(data))
    assert verified.returncode == 1
    said = f"BROKEN: entry {last}, which was noted outside the database, is gone"
    assert said in verified.stdout
    # Of a copy, whose end may be earlier, only what the auditor asks for is looked for.
    copy = tmp_path / "copy.db"
    assert command("backup", str(copy), "--data-dir", str(data)).returncode == 0
    assert command("verify", str(copy), "--data-dir", str(data)).returncode == 0
    asked = command("verify", str(copy), "--data-dir", str(data), "--head", noted)
    assert (asked.returncode, said in asked.stdout) == (1, True)
    other = command("verify", str(copy), "--data-dir", str(data), "--head", f"2:{'0' * 64}")
    assert (other.returncode, "entry 2 is another than was noted" in other.stdout) == (1, True)


def test_a_hub_says_in_its_log_that_the_end_was_cut_off(data: Path) -> None:
    last = int((data / "audit-head").read_text().partition(":")[0])
    change(data / "hub.db", *CUT)
    with hub_at(data) as hub:
        found = hub.ask("/api/v1/audit?action=audit.altered", token=hub.login(PASSWORD))["items"]
        assert hub.stop() == 0
    assert [(entry["result"], entry["target"].partition(":")[0]) for entry in found] == [
        ("failed", str(last))
    ]
    assert any("the audit log was altered while the hub did not run" in line for line in hub.err)
    assert any("newest audit entry" in line for line in hub.err)
    assert command("verify", "--data-dir", str(data)).returncode == 0


def test_going_back_to_a_copy_is_no_tampering(data: Path, tmp_path: Path) -> None:
    copy, place = tmp_path / "copy.db", ("--data-dir", str(data))
    assert command("backup", str(copy), *place).returncode == 0
    with hub_at(data) as hub:
        add_server(hub, "later")
        assert hub.stop() == 0
    before = (data / "audit-head").read_text().strip()
    assert command("restore", str(copy), *place).returncode == 0
    assert command("verify", *place).returncode == 0
    with hub_at(data) as hub:
        [entry] = hub.ask("/api/v1/audit?action=database", token=hub.login(PASSWORD))["items"]
        assert hub.ask("/api/v1/audit?action=audit.altered", token=hub.login(PASSWORD))["items"] == []
    assert entry["data"] == {"head_before": before}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET result = 'ok'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1"],
)
def test_the_database_itself_refuses_to_change_the_log(data: Path, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        change(data / "hub.db", statement)


def test_entries_that_changed_places_are_found(data: Path) -> None:
    change(
        data / "hub.db",
        "DROP TRIGGER audit_is_never_changed",
        "UPDATE audit SET id = 99 WHERE id = 2",
        "UPDATE audit SET id = 2 WHERE id = 3",
        "UPDATE audit SET id = 3 WHERE id = 99",
    )
    verified = command("verify", "--data-dir", str(data))
    assert (verified.returncode, "BROKEN: entry 2 does not follow entry 1" in verified.stdout) == (1, True)


def test_a_sealed_hour_with_other_bytes_is_found(data: Path) -> None:
    chunk = encode([list(range(700)), [at % 13 for at in range(700)]])
    flipped = bytes(byte ^ (at == len(chunk) - 20) for at, byte in enumerate(chunk))
    for body, code in ((chunk, 0), (flipped, 1)):
        change(data / "hub.db", f"INSERT OR REPLACE INTO chunk VALUES (1, 1, 0, 0, 0, 700, x'{body.hex()}')")  # noqa: S608 - ours
        verified = command("verify", "--data-dir", str(data))
        assert verified.returncode == code
        assert ("sealed hour 1970-01-01T00:00:00.000Z of server 1" in verified.stdout) == bool(code)


def spoil(path: Path) -> None:
    """Overwrite the middle of the file, as a bad disk would."""
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : 2 * len(content) // 3] = b"\xff" * (len(content) // 3)
    path.write_bytes(content)


def test_a_damaged_file_is_found_and_not_restored(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert command("backup", str(copy), "--data-dir", str(data)).returncode == 0
    spoil(copy)
    verified = command("verify", str(copy))
    assert verified.returncode == 1
    assert "integrity    DAMAGED" in verified.stdout
    refused = command("restore", str(copy), "--data-dir", str(data))
    assert refused.returncode == 1
    assert "is damaged" in refused.stderr
    assert command("verify", "--data-dir", str(data)).returncode == 0
    assert not (data / "hub.db.before-restore").exists()


def test_a_damaged_database_is_not_copied_over_a_good_copy(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    place = ("--data-dir", str(data))
    assert command("backup", str(copy), *place).returncode == 0
    before = copy.read_bytes()
    spoil(data / "hub.db")
    failed = command("backup", str(copy), "--keep", "3", *place)
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["copy.db"]
    assert copy.read_bytes() == before
    # What it is there for.
    assert command("restore", str(copy), *place).returncode == 0
    assert command("verify", *place).returncode == 0


def test_a_database_cut_off_in_the_middle_of_a_restore_is_restored_again(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert command("backup", str(copy), "--data-dir", str(data)).returncode == 0
    (data / "hub.db").rename(data / "hub.db.before-restore")
    assert command("restore", str(copy), "--data-dir", str(data)).returncode == 0
    assert command("verify", "--data-dir", str(data)).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (lambda data: ("backup", str(data)), 2, "is a folder"),
        (lambda data: ("backup", str(data / "none" / "f")), 2, "there is no folder"),
        (lambda data: ("backup", str(data / "hub.db")), 2, "is the database itself"),
        (lambda data: ("backup", str(data / "f"), "--keep", "-1"), 2, "--keep"),
        (lambda data: ("backup", str(data / "f"), "--database", str(data / "x")), 1, "there is no database"),
        (lambda data: ("restore", str(data / "none")), 2, "is no file"),
        (lambda data: ("restore", str(data / "hub.db")), 2, "is the database itself"),
        (lambda data: ("restore", str(data / "secret")), 1, "not a database"),
        (lambda data: ("verify", str(data / "none")), 2, "is no file"),
        (lambda data: ("verify", str(data / "hub.db"), "--head", "7"), 2, "expected ID:HASH"),
        (lambda data: ("verify", str(data / "secret")), 1, "not a database"),
        (lambda data: ("verify", str(data / "hub.lock" / "x")), 2, "is no file"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(
    data: Path, arguments: Callable[[Path], tuple[str, ...]], code: int, said: str
) -> None:
    before = (data / "hub.db").read_bytes()
    ended = command(*arguments(data), CHATOPS_DATA_DIR=str(data))
    assert ended.returncode == code, ended
    [line] = ended.stderr.splitlines()
    assert line.startswith("chatops-server: ")
    assert said in line
    assert (data / "hub.db").read_bytes() == before


def test_another_database_is_not_taken_for_a_hubs(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    change(other, "CREATE TABLE notes (id INTEGER)")
    for action in ("verify", "restore"):
        ended = command(action, str(other), "--data-dir", str(data))
        assert (ended.returncode, "is no database of a hub" in ended.stderr) == (1, True)
