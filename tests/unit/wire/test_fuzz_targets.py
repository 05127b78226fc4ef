"""What reads foreign bytes raises its documented error or nothing: bench.fuzz's targets, for a moment."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.fuzz_targets import TARGETS
from tests.project import ROOT

CORPUS = ROOT / "bench" / "corpus"


def _files(name: str) -> list[Path]:
    return sorted((CORPUS / name).iterdir())


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_a_corpus_and_stands_it(name: str) -> None:
    run = TARGETS[name].ready()
    assert len(_files(name)) >= 3
    for path in _files(name):
        run(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=200)
@example(data=b"")
@given(data=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_noise_finds_nothing(name: str, data: bytes) -> None:
    TARGETS[name].ready()(data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=300)
@given(data=st.data())
def test_a_damaged_good_input_finds_nothing(name: str, data: st.DataObject) -> None:
    good = data.draw(st.sampled_from([path.read_bytes() for path in _files(name)]))
    at = data.draw(st.integers(0, len(good)))
    cut = data.draw(st.integers(0, 20))
    TARGETS[name].ready()(good[:at] + data.draw(st.binary(max_size=20)) + good[at + cut :])
