"""Rows that are looked for each second."""

import pytest
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries

from digest.models import Topic
from digest.seldom import Seldom
from workers import ledger

pytestmark = pytest.mark.django_db


@pytest.mark.both_databases
def test_a_row_is_seen_once_it_is_there_though_the_query_was_built_before(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ended = Seldom(lambda: Topic.objects.filter(slug="harbour", ended_at__lte=Now()))
    assert not ended.any()
    topic = Topic.objects.create(slug="harbour", name="Harbour News")
    assert not ended.any()
    Topic.objects.filter(pk=topic.pk).update(ended_at=Now())
    with django_assert_num_queries(1):
        assert ended.any()


@pytest.mark.only_on("sqlite")
def test_what_is_to_be_tried_again_is_found_by_its_index_and_not_through_a_whole_mailing() -> None:
    assert "delivery_due" in ledger._due_again().values_list("pk")[:1].explain()
