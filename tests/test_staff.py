"""Roles, signing in, waits after bad tries, and one-time links."""

import datetime as dt
from unittest import mock

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digest import staff
from digest.audit import AuditEntry
from digest.commands.user import user as user_command
from digest.errors import Refused
from digest.signing_in import FAILED, FREE_BY_ADDRESS, LONGEST_WAIT, own_path, seconds_to_wait

PASSWORD = "a harbour of quiet teapots"


def path_of(link: str) -> str:
    assert link.startswith(settings.BASE_URL)
    return link.removeprefix(settings.BASE_URL)


@pytest.fixture
def known(pia: User) -> User:
    """Pia, who has set a password."""
    pia.set_password(PASSWORD)
    pia.save()
    return pia


def sign_in(client: Client, address: str, password: str, **more: str) -> int:
    data = {"address": address, "password": password, **more}
    return client.post("/login/", data).status_code


# ---- roles -----------------------------------------------------------------------------------


def test_a_user_has_exactly_the_role_given_last(edda: User) -> None:
    staff.add_user("Edda@Example.org ", "publisher")
    again = User.objects.get(username="edda@example.org")
    assert staff.roles(again) == {"publisher"}
    assert User.objects.count() == 1


def test_an_admin_has_every_role(ada: User) -> None:
    assert all(staff.has_role(ada, role) for role in staff.Role)


def test_a_user_who_was_put_out_has_no_role(pia: User) -> None:
    User.objects.filter(pk=pia.pk).update(is_active=False)
    assert staff.roles(User.objects.get(pk=pia.pk)) == frozenset()


@pytest.mark.parametrize("address", ["nobody", "a@b", "x" * 150 + "@example.org", ""])
def test_what_is_no_address_is_refused(db: None, address: str) -> None:
    with pytest.raises(Refused):
        staff.add_user(address, "editor")
    assert not User.objects.exists()


def test_an_unknown_role_is_refused_by_name(db: None) -> None:
    with pytest.raises(Refused, match="Roles: editor, publisher, ops, admin"):
        staff.add_user("x@example.org", "king")


def test_user_add_prints_a_link_that_sets_a_password(db: None) -> None:
    result = CliRunner().invoke(user_command, ["add", "New@example.org", "--role", "editor"])
    link = result.output.splitlines()[-1]
    client = Client()
    assert client.get(path_of(link)).status_code == 200
    answer = client.post(path_of(link), {"password": PASSWORD, "again": PASSWORD})
    assert answer["Location"] == "/desk/"
    assert sign_in(Client(), "new@example.org", PASSWORD) == 302


def test_user_list_names_everybody_with_their_role(edda: User, otto: User) -> None:
    listed = CliRunner().invoke(user_command, ["list"]).output
    assert "edda@example.org" in listed
    assert "ops" in listed


# ---- signing in ------------------------------------------------------------------------------


def test_whoever_is_not_signed_in_is_led_to_the_form_and_back(known: User) -> None:
    client = Client()
    answer = client.get("/desk/?x=1")
    assert answer["Location"] == "/login/?next=/desk/%3Fx%3D1"
    signed = client.post(
        "/login/",
        {"address": "PIA@example.org", "password": PASSWORD, "next": "/desk/?x=1"},
    )
    assert signed["Location"] == "/desk/?x=1"
    assert client.get("/desk/").status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        "//evil.example",
        "\\evil.example",
        "/\\evil.example",
        "///evil.example",
        "https://evil.example/",
        "http:evil",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "%2f%2fevil.example",
        "evil",
    ],
)
def test_signing_in_leads_to_our_own_paths_only(known: User, asked: str) -> None:
    data = {"address": known.username, "password": PASSWORD, "next": asked}
    assert Client().post("/login/", data)["Location"] == "/desk/"


def test_a_path_of_our_own_is_kept() -> None:
    assert own_path("/desk/a/briefings/?q=%2f%2fx") == "/desk/a/briefings/?q=%2f%2fx"


def test_ops_begin_at_the_queue(otto: User) -> None:
    otto.set_password(PASSWORD)
    otto.save()
    data = {"address": otto.username, "password": PASSWORD}
    assert Client().post("/login/", data)["Location"] == "/queue/"


def test_a_wrong_password_and_an_unknown_address_read_the_same(known: User) -> None:
    answers = [
        Client().post("/login/", {"address": address, "password": "no"}).content.decode()
        for address in ("pia@example.org", "who@example.org")
    ]
    told = [text.split('role="alert"')[1].split("</p>")[0] for text in answers]
    assert told[0] == told[1]


@pytest.mark.both_databases
def test_a_nul_in_the_form_is_a_wrong_address_like_any_other(known: User) -> None:
    """PostgreSQL keeps none, and looks none up."""
    answer = Client().post("/login/", {"address": "pia\0@example.org\0", "password": "\0"})
    assert answer.status_code == 422


def test_twenty_bad_tries_are_delayed_and_the_right_password_waits_too(known: User) -> None:
    client = Client()
    codes = [sign_in(client, known.username, f"wrong {n}") for n in range(20)]
    assert codes.count(429) == 20 - FREE_BY_ADDRESS
    assert AuditEntry.objects.filter(what=FAILED).count() == FREE_BY_ADDRESS
    refused = client.post("/login/", {"address": known.username, "password": PASSWORD})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) >= 1


def test_the_wait_grows_and_ends(known: User) -> None:
    now = timezone.now()
    about = f"sign-in {known.username}"
    for _ in range(FREE_BY_ADDRESS):
        AuditEntry.objects.create(who="192.0.2.1", what=FAILED, about=about, at=now)
    first = seconds_to_wait(known.username, "192.0.2.9")
    for _ in range(20):
        AuditEntry.objects.create(who="192.0.2.1", what=FAILED, about=about, at=now)
    assert first < seconds_to_wait(known.username, "192.0.2.9") <= LONGEST_WAIT
    later = now + dt.timedelta(seconds=LONGEST_WAIT + 1)
    with mock.patch("digest.signing_in.timezone.now", return_value=later):
        assert sign_in(Client(), known.username, PASSWORD) == 302


def test_a_client_that_tries_many_addresses_is_delayed(known: User) -> None:
    client = Client()
    for n in range(20):
        sign_in(client, f"someone{n}@example.org", "guess")
    assert sign_in(client, known.username, PASSWORD) == 429
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert sign_in(elsewhere, known.username, PASSWORD) == 302


def test_signing_in_clears_the_bad_tries_of_the_address(known: User) -> None:
    client = Client()
    for _ in range(FREE_BY_ADDRESS - 1):
        sign_in(client, known.username, "wrong")
    assert sign_in(client, known.username, PASSWORD) == 302
    assert sign_in(Client(), known.username, "wrong") == 422
    assert seconds_to_wait(known.username, "198.51.100.7") == 0


def test_the_session_is_a_new_one_after_signing_in(known: User) -> None:
    client = Client()
    client.force_login(known)
    before = client.session.session_key
    client.post("/logout/")
    sign_in(client, known.username, PASSWORD)
    assert client.session.session_key != before


def test_old_sessions_end_when_the_password_changes(known: User) -> None:
    old = Client()
    sign_in(old, known.username, PASSWORD)
    known.set_password("another harbour of teapots")
    known.save()
    assert old.get("/desk/").status_code == 302


def test_signing_out_takes_a_post(known: User) -> None:
    client = Client()
    client.force_login(known)
    assert client.get("/logout/").status_code == 405
    assert client.get("/desk/").status_code == 200
    client.post("/logout/")
    assert client.get("/desk/").status_code == 302


def test_the_form_is_protected_against_other_sites(known: User) -> None:
    careful = Client(enforce_csrf_checks=True)
    data = {"address": known.username, "password": PASSWORD}
    answer = careful.post("/login/", data)
    assert answer.status_code == 403
    assert "out of date" in answer.content.decode()


# ---- one-time links --------------------------------------------------------------------------


def test_looking_at_a_link_changes_nothing(pia: User) -> None:
    path = path_of(staff.one_time_link(pia, to="desk"))
    for _ in range(3):
        client = Client()
        client.head(path)
        assert client.get(path).status_code == 200
        assert client.get("/desk/").status_code == 302


def test_the_button_of_a_desk_link_opens_the_desk_once(pia: User) -> None:
    path = path_of(staff.one_time_link(pia, to="desk"))
    first, second = Client(), Client()
    assert first.post(path)["Location"] == "/desk/"
    assert first.get("/desk/").status_code == 200
    answer = second.post(path)
    assert answer.status_code == 404
    assert "no longer works" in answer.content.decode()


def test_a_password_link_is_dead_once_the_password_is_set(pia: User) -> None:
    path = path_of(staff.one_time_link(pia))
    assert Client().post(path, {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    again = Client().post(path, {"password": "x" * 12, "again": "x" * 12})
    assert again.status_code == 404


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "short", "at least 10"),
        (PASSWORD, "something else", "differ"),
        ("password1234", "password1234", "too common"),
        ("", "", "at least 10"),
    ],
)
def test_a_poor_password_is_refused_and_the_link_stays(
    pia: User, password: str, again: str, said: str
) -> None:
    path = path_of(staff.one_time_link(pia))
    answer = Client().post(path, {"password": password, "again": again})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Client().get(path).status_code == 200


def test_a_link_can_not_be_forged_or_used_by_another(pia: User, edda: User) -> None:
    link = path_of(staff.one_time_link(pia, to="desk"))
    *_, uid, token, _end = link.split("/")
    other = path_of(staff.one_time_link(edda, to="desk")).split("/")[-3]
    flipped = token[:-1] + ("0" if token[-1] != "0" else "1")
    for bad in ((uid, flipped), (other, token), (uid, "x"), ("!!!!", token), ("MTIzNDU2", token)):
        assert Client().post(f"/login/link/{bad[0]}/{bad[1]}/").status_code == 404
    assert Client().post(link).status_code == 302


def test_a_link_for_one_purpose_does_not_serve_the_other(pia: User) -> None:
    found = staff.holder(*path_of(staff.one_time_link(pia)).split("/")[-3:-1])
    assert found == (pia, "password")


def test_a_link_dies_after_three_days(pia: User) -> None:
    path = path_of(staff.one_time_link(pia, to="desk"))
    later = dt.datetime.now() + dt.timedelta(days=3, minutes=1)  # noqa: DTZ005  # as Django asks
    with mock.patch(
        "django.contrib.auth.tokens.PasswordResetTokenGenerator._now", return_value=later
    ):
        assert Client().get(path).status_code == 404


def test_an_earlier_link_is_dead_when_a_later_one_was_used(pia: User) -> None:
    one = path_of(staff.one_time_link(pia, to="desk"))
    assert Client().post(path_of(staff.one_time_link(pia))).status_code == 422
    Client().post(path_of(staff.one_time_link(pia)), {"password": PASSWORD, "again": PASSWORD})
    assert Client().get(one).status_code == 404


def test_a_foreign_host_is_refused_and_never_in_a_link(pia: User) -> None:
    assert Client(SERVER_NAME="evil.example").get("/login/").status_code == 400
    link = staff.one_time_link(pia)
    forwarded = Client(headers={"x-forwarded-host": "evil.example"}).get(path_of(link))
    assert "evil" not in forwarded.content.decode()


def test_a_page_of_another_role_says_so_in_words(otto: User) -> None:
    client = Client()
    client.force_login(otto)
    answer = client.get("/desk/")
    assert answer.status_code == 403
    assert "needs the role editor or publisher" in answer.content.decode()
