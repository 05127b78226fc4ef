"""A certificate that signs itself, as a small team's hub may have one."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class OwnCertificate:
    cert: Path
    key: Path

    @property
    def flags(self) -> tuple[str, ...]:
        """What a hub is started with."""
        return ("--tls-cert", str(self.cert), "--tls-key", str(self.key))


def own_certificate(folder: Path) -> OwnCertificate:
    """Make one for 127.0.0.1; skips the test where there is no openssl."""
    made = OwnCertificate(folder / "cert.pem", folder / "key.pem")
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(made.key), "-out", str(made.cert)),
        ],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("no openssl to make a certificate with")
    return made
