"""What is sealed can be read with the same secret only, and shows nothing of itself."""

import pytest

from chatops_server.sealing import Sealer, UnsealError

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of this file only


def test_the_same_secret_reads_it_again_in_another_process() -> None:
    sealed = Sealer(SECRET).seal("slack://tökens")
    assert "slack" not in sealed
    assert Sealer(SECRET).unseal(sealed) == "slack://tökens"
    assert Sealer(SECRET).seal("slack://tökens") != sealed


def test_another_secret_or_an_altered_text_reads_nothing() -> None:
    sealed = Sealer(SECRET).seal("slack://tokens")
    for sealer, text in (
        (Sealer(SECRET + "!"), sealed),
        (Sealer(SECRET), sealed[:-2] + "AA"),
        (Sealer(SECRET), ""),
    ):
        with pytest.raises(UnsealError):
            sealer.unseal(text)
