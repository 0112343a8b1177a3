"""What watchers of the process are told."""

import datetime as dt

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from tests.conftest import NOBODY
from workers.models import Pulse
from workers.watch import health


def test_a_process_that_answers_is_healthy_without_its_database(client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_a_database_as_new_as_the_program_with_a_broker_and_a_tick_is_ready(client, valkey):
    Pulse.objects.create(at=timezone.now())
    for query in ("", "?all"):
        response = client.get(f"/readyz{query}")
        assert (response.status_code, response.content) == (200, b"ready\n")


@pytest.mark.django_db
def test_without_broker_or_tick_pages_are_ready_and_the_whole_is_not(client, settings):
    settings.REDIS_URL = NOBODY
    Pulse.objects.create(at=timezone.now() - dt.timedelta(seconds=90))
    told = (
        "ready\nThe broker does not answer; nothing is sent.\n"
        "No worker has looked for what is due for 90 s; nothing new is begun.\n"
    )
    pages, whole = client.get("/readyz"), client.get("/readyz?all")
    assert (pages.status_code, pages.content.decode()) == (200, told)
    assert (whole.status_code, whole.content.decode()) == (503, told)


@pytest.mark.django_db
def test_where_no_worker_ever_ran_it_says_how_to_start_them(client, valkey):
    response = client.get("/readyz?all")
    assert response.status_code == 503
    assert b"Start them: digest up" in response.content


@pytest.mark.django_db
def test_an_older_or_newer_database_is_not_ready_and_says_why(client):
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert b"older than the program; run: digest migrate" in response.content
    MigrationRecorder(connection).record_applied("workers", "0001_initial")
    MigrationRecorder(connection).record_applied("workers", "9999_later")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert b"newer than the program" in response.content


def test_a_database_that_can_t_be_reached_is_not_ready_and_tells_no_secrets(client, monkeypatch):
    def gone(_connection: object) -> None:
        raise OperationalError("password=hunter2 host=10.0.0.7 refused")

    monkeypatch.setattr(health, "MigrationRecorder", gone)
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (503, b"The database can't be reached.\n")


@pytest.mark.parametrize(
    ("ask", "path"),
    [
        ("get", "/"),
        ("get", "/desk/"),
        ("post", f"/unsubscribe/{'a' * 40}/"),
        ("post", "/subscribe/"),
        ("post", "/api/v1/topics/harbour/briefings"),
        ("get", "/queue/"),
    ],
)
@pytest.mark.django_db
def test_while_the_database_is_away_whatever_is_asked_may_be_asked_again(
    client, monkeypatch, ask, path
):
    """What unsubscribes somebody by itself, or tells of a bounce, gives up after a 500."""

    def away(*_: object) -> None:
        raise OperationalError("password=hunter2 host=10.0.0.7 refused")

    client.cookies["sessionid"] = "somebody"
    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", away)
    answer = getattr(client, ask)(path, headers={"Authorization": "Bearer something"})
    assert (answer.status_code, answer.get("Retry-After")) == (503, "60")
    assert b"database does not answer" in answer.content
    assert b"hunter2" not in answer.content
