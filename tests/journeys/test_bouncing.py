"""A real Postfix that takes our mails, finds nobody, and hands their bounces over at our door."""

import socket
from typing import Any

import pytest

from digest.models import Topic
from subscribers.models import Suppression, address_hash
from tests import postfix
from tests.journeys.system import until
from tests.relays import in_a_thread
from tests.sends import due_to
from workers import balance, sending
from workers.feedback.models import Returned
from workers.inbound.door import Door
from workers.inbound.models import Inbox
from workers.models import BULK
from workers.routes import carriers


@pytest.mark.django_db(transaction=True)
def test_what_postfix_could_not_deliver_comes_back_through_the_door(
    pivot: Topic, settings: Any
) -> None:
    door, listening = Door(), socket.create_server(("127.0.0.1", 0))
    with in_a_thread(lambda: door.listen(listening)) as port, postfix.running(door=port) as relay:
        settings.SMTP_URL = relay.url()
        settings.INBOUND_URL = f"lmtp://127.0.0.1:{port}"
        settings.BOUNCE_DOMAIN = "bounces.example.org"
        made = due_to(pivot, 3)
        sending.send(BULK, seconds=5)
        carriers.close_all()
        until(Inbox.objects.filter(bounces=2).exists, 30, what=relay.log)
        door.close()
    made.refresh_from_db()
    assert (made.accepted, balance.sheet(made).balanced) == (3, True)
    outcomes = dict(made.deliveries.values_list("address", "outcome"))
    gone = ["reader2@example.org", "reader3@example.org"]
    assert outcomes == {"reader1@example.org": "unknown", **dict.fromkeys(gone, "bounced")}
    for row in Returned.objects.all():
        assert (row.kind, row.code, row.provider) == ("hard", "5.1.1", "mail")
        assert "unknown user" in row.words
    assert set(Suppression.objects.values_list("email_hash", flat=True)) == {
        address_hash(one) for one in gone
    }
    inbox = Inbox.objects.get()
    assert (inbox.bounces, inbox.unread) == (2, 0)
