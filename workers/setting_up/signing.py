"""Whether mails are signed, and by which key from now on."""

from collections.abc import Sequence

from workers.doctor.finding import Finding, look, well
from workers.setting_up import keys
from workers.setting_up.keys import Key
from workers.setting_up.providers import provider_of, signs_itself, writes_itself
from workers.setting_up.record import Record, Standing
from workers.setting_up.wish import Wished

_SETTINGS = ("DKIM_DOMAIN", "DKIM_SELECTOR", "DKIM_KEY_FILE")


def key_of(wished: Wished) -> Key | None:
    """The key that is wanted; None where mails are not to be signed by us."""
    return (
        keys.planned(wished.present, wished.domain, wished.wish.selector)
        if _is_wanted(wished)
        else None
    )


def is_usual(wished: Wished) -> bool:
    """Whether a key is wanted where nobody says: a provider signs by a key of its own, and changes
    what it passes on, so that ours would not fit it."""
    if wished.present.given("DKIM_DOMAIN") or wished.wish.selector:
        return True
    return not signs_itself(wished.place, provider_of(wished.place, wished.provider_named))


def _is_wanted(wished: Wished) -> bool:
    return is_usual(wished) if wished.wish.dkim is None else wished.wish.dkim


def settings(
    wished: Wished, key: Key | None, records: Sequence[Record]
) -> tuple[dict[str, str], list[Finding]]:
    """What is to be set, and to be said. One key follows another only once its record is in DNS:
    till then every signature would fail."""
    if key is None:
        return dict.fromkeys(_SETTINGS, "") if wished.wish.dkim is False else {}, []
    said = [_unused()] if writes_itself(wished.place) else []
    before = keys.standing(wished.present, key.domain)
    if before is None or before.selector == key.selector:
        return key.settings, said
    if any(one.name == key.signer.name and one.state is Standing.THERE for one in records):
        words = (
            f"{key.selector} signs from now on. Leave the record of {before.selector} for a week."
        )
        return key.settings, [*said, well("DKIM", words)]
    words = f"{before.selector} goes on signing until the record of {key.selector} is in DNS."
    mend = f"Paste it, and run again: digest init --selector {key.selector}"
    return {}, [*said, look("DKIM", words, mend)]


def _unused() -> Finding:
    return look(
        "DKIM",
        "By this API the provider writes and signs each message; a key of ours signs nothing.",
        "Paste the records that its console shows. The key is of use once another relay is named.",
    )
