"""Pins as people write them."""

import pytest

from chatops_wire.pins import parse_pin, pin_of

DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    "text",
    [
        f"sha256:{DIGEST}",
        f" SHA256:{DIGEST.upper()}\n",
        DIGEST,
        ":".join(DIGEST[at : at + 2].upper() for at in range(0, 64, 2)),
    ],
)
def test_a_pin_is_a_sha_256_of_the_certificate(text: str) -> None:
    assert parse_pin(text) == bytes.fromhex(DIGEST)
    assert pin_of(b"abc") == f"sha256:{DIGEST}"


@pytest.mark.parametrize("text", ["", "sha256:", DIGEST[:-1], f"{DIGEST}0", "x" * 64, "sha1:" + DIGEST[:40]])
def test_what_is_no_pin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal"):
        parse_pin(text)
