"""How many deliveries each mail domain accepted: counted as the ledger's rows change."""

import json
from collections import Counter
from collections.abc import Iterable

from django.db import connection

# As JSON, which goes to the database as one value however many domains there are.  SQLite wants
# the WHERE, to tell ON CONFLICT from a join's ON.
_ADD = """
    INSERT INTO workers_atdomain (mailing_id, domain, accepted)
    SELECT %s, {columns} FROM {values} WHERE true
    ON CONFLICT (mailing_id, domain)
    DO UPDATE SET accepted = workers_atdomain.accepted + excluded.accepted"""
_ADDS = {
    "postgresql": _ADD.format(
        columns="domain, n", values="json_to_recordset(%s) AS v(domain text, n bigint)"
    ),
    "sqlite": _ADD.format(
        columns="json_extract(value, '$.domain'), json_extract(value, '$.n')",
        values="json_each(%s)",
    ),
}


def domain_of(address: str) -> str:
    """What stands behind the last @, in lower case; "" for an erased address."""
    return address.rpartition("@")[2].lower()


def accepted(mailing_id: int, addresses: Iterable[str]) -> None:
    """Count these as accepted, in the transaction that accepts them and before the mailing's
    own counters: of two that want the same rows, none then waits for the other in a circle."""
    found = sorted(Counter(map(domain_of, addresses)).items())
    if not found:
        return
    values = json.dumps([{"domain": domain, "n": n} for domain, n in found])
    with connection.cursor() as cursor:
        cursor.execute(_ADDS[connection.vendor], [mailing_id, values])
