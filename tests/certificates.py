"""An authority of the test's own, and a certificate for 127.0.0.1 by it (RFC 5280)."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
SIGNS = x509.KeyUsage(**{usage: usage in {"key_cert_sign", "crl_sign"} for usage in USAGES})


def issue(authority: Path, server: Path, *names: str, days: int = 1) -> None:
    """Write the authority's certificate, and a key with the certificate for this machine, and for
    these names (PEM), good for so many days.

    With every extension that OpenSSL's strict checks ask for: Python 3.13 makes them.
    """
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = (
        _begun("authority of the tests", root_key.public_key(), root_key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(SIGNS, critical=True)
        .sign(root_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        _begun("relay of the tests", key.public_key(), root_key, days)
        .add_extension(x509.SubjectAlternativeName([HERE, *map(x509.DNSName, names)]), False)
        .sign(root_key, hashes.SHA256())
    )
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    server.touch(mode=0o600)
    server.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))


def _begun(
    name: str, key: ec.EllipticCurvePublicKey, by: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
    return (
        x509.CertificateBuilder(_named("authority of the tests"), _named(name), key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(issuer, critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
