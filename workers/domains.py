"""How many deliveries each mail domain accepted: counted as the ledger's rows change."""

from collections import Counter
from collections.abc import Iterable

from django.db import connection

_ADD = """
    INSERT INTO workers_atdomain (mailing_id, domain, accepted) VALUES {rows}
    ON CONFLICT (mailing_id, domain)
    DO UPDATE SET accepted = workers_atdomain.accepted + excluded.accepted"""


def domain_of(address: str) -> str:
    """What stands behind the last @, in lower case; "" for an erased address."""
    return address.rpartition("@")[2].lower()


def accepted(mailing_id: int, addresses: Iterable[str]) -> None:
    """Count these as accepted, in the transaction that accepts them and before the mailing's
    own counters: of two that want the same rows, none then waits for the other in a circle."""
    found = sorted(Counter(map(domain_of, addresses)).items())
    if not found:
        return
    rows = ", ".join(["(%s, %s, %s)"] * len(found))
    values = [part for domain, n in found for part in (mailing_id, domain, n)]
    with connection.cursor() as cursor:
        cursor.execute(_ADD.format(rows=rows), values)
