"""DKIM signatures (RFC 6376, RFC 8301): RSA of 2048 bits or more with SHA-256, relaxed/simple.

Every header field of ours is signed, so both List-Unsubscribe fields are, but for the X- ones:
those are for the provider, which takes them off. Those that a forger would add a second time are
signed once more than they stand there. There is no ``l=``, and no ``t=``: the same message signed
again has the same bytes.
"""

import base64
import hashlib
import re
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from workers.message import Intended, Pieces, Reader

_OVERSIGNED = (b"from", b"to", b"subject", b"date", b"message-id")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_WIDTH = 72  # octets of a folded line


class Signer:
    """A domain's key. Its public half is to stand in DNS under ``name``, as ``record``."""

    def __init__(self, domain: str, selector: str, pem: bytes) -> None:
        """Read a private key in PEM; ValueError in words if it can't sign."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as problem:
            raise ValueError(f"holds no private key in PEM without a password: {problem}") from None
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
            raise ValueError("holds no RSA key of at least 2048 bits")
        self.name = f"{selector}._domainkey.{domain}"
        self._key = key
        self._tags = f"v=1; a=rsa-sha256; c=relaxed/simple; d={domain};\r\n s={selector};".encode(
            "ascii"
        )

    @property
    def record(self) -> str:
        """What DNS must say (RFC 6376 3.6.1)."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode('ascii')}"

    def signature(self, head: bytes, body_digest: bytes) -> bytes:
        """The DKIM-Signature field for this header block and the SHA-256 of the body."""
        lines = _FOLD.sub(b"", head).split(b"\r\n")
        fields = [_relaxed(line) for line in lines if line and not line.startswith(b"X-")]
        named = _signed_names(tuple([field.partition(b":")[0] for field in fields]))
        body_hash = base64.b64encode(body_digest)
        unsigned = b"DKIM-Signature: %b\r\n h=%b;\r\n bh=%b;\r\n b=" % (
            self._tags, named, body_hash,
        )  # fmt: skip
        signed = b"\r\n".join([*fields, _relaxed(_FOLD.sub(b"", unsigned))])
        coded = base64.b64encode(self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))
        rows = [coded[at : at + _WIDTH] for at in range(0, len(coded), _WIDTH)]
        return unsigned + b"\r\n ".join(rows) + b"\r\n"


class SignedPieces:
    """An edition as ``Pieces``, whose messages are signed."""

    def __init__(self, pieces: Pieces, signer: Signer) -> None:
        self._pieces, self._signer = pieces, signer
        self._prefix = hashlib.sha256(pieces.body_prefix)

    def join(self, reader: Reader) -> bytes:
        """See ``Pieces.join``."""
        head, (prefix, *rest) = self._pieces.head_and_body(reader)
        digest = self._prefix.copy()
        for row in rest:
            digest.update(row)
        return b"".join([self._signer.signature(head, digest.digest()), head, prefix, *rest])

    def intended(self, reader: Reader) -> Intended:
        """See ``Pieces.intended``; the signature is not among it."""
        return self._pieces.intended(reader)


@lru_cache(maxsize=256)
def _relaxed(field: bytes) -> bytes:
    """An unfolded field in RFC 6376 3.4.2's form, without its end. Most are the same for every
    reader of an edition, and stay in the cache while those that differ go through it."""
    name, _, value = field.partition(b":")
    return name.lower() + b":" + b" ".join(value.split())


@lru_cache(maxsize=8)
def _signed_names(names: tuple[bytes, ...]) -> bytes:
    """What ``h=`` lists for a message with these fields, folded; an edition's are all alike."""
    names += tuple(name for name in _OVERSIGNED if name in names)
    rows = [names[0]]
    for name in names[1:]:
        if len(rows[-1]) + len(name) < _WIDTH - 4:
            rows[-1] += b":" + name
        else:
            rows.append(name)
    return b":\r\n ".join(rows)
