"""The language of `/`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.store.filters import PROCESSES, SERVERS, compiled
from chatops_tui.store.models import Row
from chatops_tui.store.vitals import Vitals
from chatops_wire.rest import ServerView
from chatops_wire.samples import Process

VITALS = Vitals(72.4, 40, 91, 2 * 1024**2, 1024**2, 0, 0, 1.5, 200_000)


def row(vitals: Vitals | None = VITALS) -> Row:
    view = ServerView(
        id="a",
        name="Web-01",
        tags=("env=prod", "web"),
        status="online",
        last_seen=None,
        owner_id="u",
        capabilities=(),
        host=None,
        latest=None,
    )
    return Row(view, vitals, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("web", True),
        ("WEB-01", True),
        ("db", False),
        ("!db", True),
        ("!web", False),
        ("!", True),
        ("prod", True),
        ("env=prod", True),
        ("env:prod", False),
        ("tag:web", True),
        ("tag:Prod", True),
        ("!tag:web", False),
        ("tag:", True),
        ("!tag:", True),
        ("name:web", True),
        ("name:prod", False),
        ("status:on", True),
        ("status:offline", False),
        ("status:crit", True),
        ("status:warning", False),
        ("cpu>70", True),
        ("cpu>=72.4", True),
        ("cpu<70", False),
        ("cpu<=72.4", True),
        ("cpu=72", True),
        ("cpu=73", False),
        ("cpu>70%", True),
        ("!cpu>70", False),
        ("cpu>", True),
        ("!cpu>", True),
        ("cpu", False),
        ("mem>39", True),
        ("memory>40", False),
        ("disk>90", True),
        ("net>2.5m", True),
        ("rx>3m", False),
        ("tx>900K", True),
        ("load>1.4", True),
        ("up>2d", True),
        ("up>3d", False),
        ("web cpu>70", True),
        ("web cpu>80", False),
        ("odd>5", False),
    ],
)
def test_terms(text: str, *, expected: bool) -> None:
    assert compiled(text, SERVERS)(row()) is expected


@pytest.mark.parametrize("text", ["cpu>0", "cpu<100", "load>0", "net>0"])
def test_an_unknown_number_never_matches(text: str) -> None:
    assert not compiled(text, SERVERS)(row(vitals=None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("post", True),
        ("checkpoint", True),
        ("4711", True),
        ("user:post", True),
        ("user:root", False),
        ("name:postg", True),
        ("cpu>300", True),
        ("mem>1g", True),
        ("memory<1g", False),
        ("pid<10", False),
    ],
)
def test_processes_have_the_same_language(text: str, *, expected: bool) -> None:
    process = Process(
        pid=4711,
        name="postgres",
        user="postgres",
        cpu_percent=412,
        memory_used=2 * 1024**3,
        command="postgres: checkpointer",
    )
    assert compiled(text, PROCESSES)(process) is expected


@given(st.text(max_size=30))
def test_nothing_typed_is_an_error(text: str) -> None:
    assert compiled(text, SERVERS)(row()) in {True, False}


@given(st.sampled_from(["web", "cpu>70", "tag:x", "status:off", "net<1k"]))
def test_an_inverted_term_picks_the_others(term: str) -> None:
    assert compiled(f"!{term}", SERVERS)(row()) is not compiled(term, SERVERS)(row())
