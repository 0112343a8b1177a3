"""Host names in other letters than ASCII, as DNS and mail servers write them (RFC 5891)."""

import idna


def in_ascii(host: str) -> str:
    """``xn--mller-kva.example`` for ``müller.example``; ValueError in words for what is no name."""
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("has a host that can't be read") from None
