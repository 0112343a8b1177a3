"""A sample of people: as large as it says, and always the same ones."""

import pytest

from subscribers.models import (
    Subscriber,
    address_hash,
)
from tests.rules_to_try import lots, sampled

pytestmark = pytest.mark.both_databases


def test_the_halves_of_a_sample_are_apart_complete_and_as_large_as_they_say(db: None) -> None:
    everybody = {one.id for one in lots(2000)}
    for name in ("spring test", "autumn test"):
        a, b = sampled(name, before=50), sampled(name, at_least=50)
        assert a | b == everybody
        assert not a & b
        assert abs(len(a) - 1000) < 50
    assert abs(len(sampled("spring test", before=5)) - 100) < 25
    assert sampled("spring test", before=5) < sampled("spring test", before=50)
    assert sampled("spring test", before=100) == everybody
    assert not sampled("spring test", before=0)


def test_another_name_draws_another_sample(db: None) -> None:
    lots(2000)
    both = sampled("spring test", before=50) & sampled("autumn test", before=50)
    assert abs(len(both) - 500) < 100


def test_a_person_stays_in_a_sample_whatever_becomes_of_their_address(ann: Subscriber) -> None:
    before = sampled("spring test", before=50)
    for n in range(20):
        email = f"ann{n}@example.org"
        Subscriber.objects.filter(id=ann.id).update(email=email, email_hash=address_hash(email))
        assert sampled("spring test", before=50) == before
