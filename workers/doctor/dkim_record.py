"""The record of the key that signs, held against the key itself (RFC 6376 3.6.1)."""

from collections.abc import Sequence

from workers.dkim import Signer
from workers.doctor.finding import Finding, bad, look, well
from workers.doctor.tags import tags_of


def judged(signer: Signer, records: Sequence[str]) -> Finding:
    """What receivers make of our signatures by these TXT records."""
    about, wanted = f"DKIM at {signer.name}", tags_of(signer.record)["p"]
    found = [tags_of(text) for text in records]
    keys = [tags.get("p", "") for tags in found]
    if not keys:
        return bad(
            about,
            "There is no record, so no signature can be checked.",
            f"Add a TXT record at {signer.name}: {signer.record}",
        )
    if wanted not in keys:
        return bad(
            about,
            "The record says that the key is withdrawn: every signature fails."
            if keys == [""]
            else "The record is not that of the key that signs: every signature fails.",
            f"Put in its place, as TXT: {signer.record}",
        )
    if len(keys) > 1:
        return bad(about, f"There are {len(keys)} records; one is right.", "Take the others away.")
    if trouble := _limits(found[0]):
        return bad(about, f"It is the key's, but {trouble}: every signature fails.",
                   f"Put in its place, as TXT: {signer.record}")  # fmt: skip
    if "y" in found[0].get("t", "").split(":"):
        return look(
            about,
            "It is the key's, but says that it is a trial (t=y): some receivers then don't count "
            "the signature.",
            "Take t=y out of the record once a test mail shows dkim=pass.",
        )
    return well(about, "The record is that of the key that signs.")


def _limits(tags: dict[str, str]) -> str:
    """What in the record shuts such signatures out."""
    if tags.get("v", "DKIM1") != "DKIM1":
        return f"its version is {tags['v']}"
    if tags.get("k", "rsa") != "rsa":
        return f"it speaks of another kind of key (k={tags['k']})"
    if "sha256" not in tags.get("h", "sha256").split(":"):
        return f"it does not allow SHA-256 (h={tags['h']})"
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return f"it is not for mail (s={tags['s']})"
    return ""
