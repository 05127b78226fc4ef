"""A certificate of the hub's own, for teams without a domain: agents and clients know it by its pin."""

import ipaddress
import os
import re
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chatops_server.tls_files import own_pair
from chatops_wire.pins import pin_of
from chatops_wire.settings import SettingError

# The longest that programs with rules for it accept of a certificate.
_DAYS: Final = 825
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?", re.ASCII)
_ALWAYS: Final = ("localhost", "127.0.0.1", "::1")


def make_own(data_dir: Path, names: Iterable[str], *, renew: bool, now: datetime | None = None) -> str:
    """Make the hub's own certificate and return its pin.

    Args:
        data_dir: Where the hub keeps its state.
        names: Host names and addresses it is called by, besides this machine's.
        renew: Replace one that is there; whoever knows its pin then has to learn the new one.
        now: From when it is good; None: the present.

    Raises:
        SettingError: There is one, a name is none, or it cannot be written.
    """
    pair = own_pair(data_dir)
    if pair.cert.exists() and not renew:
        raise SettingError(
            f"{pair.cert} is there, its pin is {pin_in(pair.cert)}: --renew replaces it, and then"
            " agents and users need the new pin"
        )
    key = ec.generate_private_key(ec.SECP256R1())
    cert = _certificate(key, _subjects(names), now or datetime.now(UTC))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        # One by one: parents that mkdir makes are for everybody to read, and the hub moves in here.
        for folder in (data_dir, pair.cert.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The key first: a certificate that is there always has its key.
        _replace(pair.key, secret, 0o600)
        _replace(pair.cert, cert.public_bytes(Encoding.PEM), 0o644)
    except OSError as exc:
        raise SettingError(f"--data-dir: {str(pair.cert.parent)!r}: {exc.strerror}") from exc
    return pin_of(cert.public_bytes(Encoding.DER))


def pin_in(cert: Path) -> str:
    """Return the pin of the first certificate in a PEM file.

    Raises:
        SettingError: It cannot be read or holds none.
    """
    try:
        first = x509.load_pem_x509_certificate(cert.read_bytes())
    except (OSError, ValueError) as exc:
        raise SettingError(f"{cert}: no certificate can be read") from exc
    return pin_of(first.public_bytes(Encoding.DER))


def _certificate(
    key: ec.EllipticCurvePrivateKey, subjects: list[x509.GeneralName], now: datetime
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ChatOps hub")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks of machines that connect at once may be a little behind.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _subjects(names: Iterable[str]) -> list[x509.GeneralName]:
    distinct = dict.fromkeys((*_ALWAYS, socket.gethostname(), *names))
    return [_subject(name) for name in distinct]


def _subject(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        ascii_name = name.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_name = ""
    if _HOST_NAME.fullmatch(ascii_name) is None:
        raise SettingError(f"--name: {name!r} is neither a host name nor an address")
    return x509.DNSName(ascii_name)


def _replace(path: Path, content: bytes, mode: int) -> None:
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
