"""Calls of ``/hooks/<provider>/``: taken where they are the provider's, else nothing changes."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from digest.intake import fetch as fetching
from digest.intake.fetch import Fetched, NotFetched
from digest.models import Topic
from tests.calls import ARN, CERTIFICATE, SECRET, Call, certificate, delivered, notified, secret_of
from tests.calls import signed as signed_call
from tests.returning import accepted, deliveries
from workers.feedback import hooks, providers, sns
from workers.feedback.models import CameBack, Heard, Returned
from workers.feedback.providers import UNSIGNED, Provider
from workers.letters import keys
from workers.models import Delivery, Mailing

pytestmark = pytest.mark.django_db

SIGNED = sorted(set(Provider) - UNSIGNED)


@pytest.fixture
def one(pivot: Topic, settings: Any) -> Delivery:
    """A delivery that a relay accepted, and every provider may call."""
    settings.HOOKS = {provider.value: (secret_of(provider),) for provider in Provider}
    return deliveries(accepted(pivot, 1))[0]


@pytest.fixture(autouse=True)
def amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What Amazon was asked for; it has the certificate of the tests, and says yes."""
    asked: list[str] = []

    def fetch(url: str) -> Fetched:
        asked.append(url)
        return Fetched(url, 200, certificate() if url == CERTIFICATE else b"")

    monkeypatch.setattr(sns, "fetch", fetch)
    sns._key.cache_clear()
    sns._fetched.clear()
    yield asked
    sns._key.cache_clear()
    sns._fetched.clear()


def post(call: Call) -> HttpResponse:
    answer: Any = Client(enforce_csrf_checks=True).post(
        call.path, call.body, content_type=call.kind, headers=call.headers
    )
    return answer  # type: ignore[no-any-return]


def about(provider: Provider, of: Delivery, at: float | None = None) -> Call:
    """This provider says that it arrived."""
    tag = providers.tag(keys().tags, provider, of.id)
    answered = f"q{of.id:07}z"
    return signed_call(provider, delivered(provider, tag, of.address, answered), at)


def unchanged() -> bool:
    kept = Returned.objects.exists() or CameBack.objects.exists() or Heard.objects.exists()
    return not kept and not Delivery.objects.exclude(outcome="unknown").exists()


# ---- whose call it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("provider", list(Provider))
def test_a_provider_s_own_call_is_taken_once_and_its_replay_changes_nothing(
    one: Delivery, provider: Provider
) -> None:
    call = about(provider, one)
    assert post(call).status_code == 200
    one.refresh_from_db()
    assert one.outcome == ("bounced" if provider is Provider.MANDRILL else "delivered")
    before = list(Returned.objects.values()), list(CameBack.objects.values())
    assert post(call).status_code == 200
    assert (list(Returned.objects.values()), list(CameBack.objects.values())) == before


@pytest.mark.parametrize("provider", SIGNED)
def test_a_call_without_its_signature_or_with_a_changed_body_is_refused(
    one: Delivery, provider: Provider
) -> None:
    call = about(provider, one)
    changed = call.body.replace(one.address.replace("@", "%40").encode(), b"eve%40example.org")
    changed = changed.replace(one.address.encode(), b"eve@example.org")
    inside = {Provider.MAILGUN: b'"token": "t', Provider.AMAZON_SES: b'"Signature": "'}
    if provider is Provider.MAILGUN:  # signs its token and time, and nothing else
        changed = call.body.replace(inside[provider], inside[provider] + b"t")
    assert changed != call.body
    assert post(call._replace(body=changed)).status_code == 403
    bare = call.body
    if provider in inside or provider is Provider.UNISENDER_GO:
        said = json.loads(bare)
        for name in ("signature", "Signature", "auth"):
            said.pop(name, None)
        bare = json.dumps(said).encode()
    assert post(call._replace(headers={}, body=bare)).status_code == 403
    assert unchanged()


@pytest.mark.parametrize("provider", sorted(set(SIGNED) - {Provider.AMAZON_SES}))
def test_a_call_that_is_signed_with_another_key_is_refused(
    one: Delivery, provider: Provider, settings: Any
) -> None:
    call = about(provider, one)
    other = {Provider.POSTAL: secret_of(Provider.SENDGRID), Provider.SENDGRID: None}
    another = "whsec_b3RoZXI=" if provider is Provider.RESEND else "another-key-altogether"
    settings.HOOKS = {provider.value: (other.get(provider) or _other_key(provider, another),)}
    assert post(call).status_code == 403
    assert unchanged()


def _other_key(provider: Provider, another: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec

    from tests.calls import public

    return (
        public(ec.generate_private_key(ec.SECP256R1()))
        if provider is Provider.SENDGRID
        else another
    )


@pytest.mark.parametrize("provider", sorted(UNSIGNED))
def test_a_provider_that_does_not_sign_proves_itself_by_the_address_or_by_basic(
    one: Delivery, provider: Provider
) -> None:
    call = about(provider, one)
    bare = f"/hooks/{provider}/"
    wrong = base64.b64encode(f"any:{SECRET}x".encode()).decode()
    for refused in (
        call._replace(path=bare),
        call._replace(path=f"{bare}{SECRET}x/"),
        call._replace(path=bare, headers={"Authorization": f"Basic {wrong}"}),
        call._replace(path=bare, headers={"Authorization": "Basic \u00e9"}),
        call._replace(path=bare, headers={"Authorization": f"Bearer {SECRET}"}),
    ):
        assert post(refused).status_code == 403
    assert unchanged()
    right = base64.b64encode(f"any:{SECRET}".encode()).decode()
    assert (
        post(call._replace(path=bare, headers={"Authorization": f"Basic {right}"})).status_code
        == 200
    )
    assert post(call).status_code == 200
    assert Returned.objects.count() == 1


@pytest.mark.parametrize("provider", list(Provider))
def test_nobody_may_call_a_hook_whose_secret_is_not_set(
    one: Delivery, provider: Provider, settings: Any
) -> None:
    call = about(provider, one)
    settings.HOOKS = {}
    assert post(call).status_code == 404
    assert unchanged()


def test_while_a_secret_changes_both_count(one: Delivery, settings: Any) -> None:
    settings.HOOKS = {"mailgun": ("the-older-one", SECRET)}
    assert post(about(Provider.MAILGUN, one)).status_code == 200


@pytest.mark.parametrize(
    ("provider", "seconds"),
    [(Provider.AMAZON_SES, 90_000), (Provider.MAILGUN, 90_000), (Provider.SENDGRID, 90_000),
     (Provider.RESEND, 400), (Provider.AMAZON_SES, -900), (Provider.RESEND, -900)],
)  # fmt: skip
def test_a_call_that_was_signed_long_ago_or_will_be_is_refused(
    one: Delivery, provider: Provider, seconds: int, amazon: list[str]
) -> None:
    assert post(about(provider, one, time.time() - seconds)).status_code == 403
    assert unchanged()
    assert not amazon


# ---- what it says -------------------------------------------------------------------------------


UNREADABLE = [
    b"", b"{}", b"[]", b"null", b"17", b"\xff\xfe", b"[" * 100_000, b'{"RecordType": 5}',
    b'{"RecordType": "Delivery", "Metadata": 7, "DeliveredAt": 7}',
    b'{"RecordType": "Bounce", "Type": ["x"]}',
]  # fmt: skip


@pytest.mark.parametrize("provider", list(Provider))
def test_what_can_not_be_read_is_refused_and_changes_nothing(
    one: Delivery, provider: Provider
) -> None:
    call = about(provider, one)
    for body in UNREADABLE:
        answer = post(call._replace(body=body, kind=call.kind.partition(";")[0]))
        assert answer.status_code in {200, 400, 403}, body[:80]
    assert unchanged()


def test_a_mail_that_came_in_is_let_be_and_spoils_no_later_call(one: Delivery) -> None:
    came = {"raw_msg": "From: ann@example.org\n\nHello", "email": "desk@example.org"}
    said = json.dumps([{"event": "inbound", "ts": 1795337575, "msg": came}])
    assert post(signed_call(Provider.MANDRILL, said.encode())).status_code == 200
    assert unchanged()
    assert post(about(Provider.MANDRILL, one)).status_code == 200
    assert Returned.objects.count() == 1


def test_odd_characters_in_what_is_said_are_kept_as_far_as_they_can_be(one: Delivery) -> None:
    tag = providers.tag(keys().tags, Provider.POSTMARK, one.id)
    said = {
        "RecordType": "Bounce", "Type": "SoftBounce", "Email": "a\ud800\0@example.org",
        "Details": "452 \ud800\0\n\x1b[2J<script>" + "x" * 9000, "Metadata": {"digest": tag},
        "BouncedAt": "9999-12-31T23:59:59Z",
    }  # fmt: skip
    call = signed_call(Provider.POSTMARK, json.dumps(said).encode())
    assert post(call).status_code == 200
    row = Returned.objects.get()
    assert row.words.startswith("452 \ufffd[2J<script>xxx"), "on one line that no terminal obeys"
    assert row.at == row.heard_at


def test_a_call_that_is_too_large_is_not_read(
    one: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = about(Provider.MAILJET, one)
    assert post(call._replace(body=b" " * (hooks.OCTETS + 1))).status_code == 413
    monkeypatch.setattr(hooks, "EVENTS", 3)
    events = json.loads(call.body) * 4
    assert post(call._replace(body=json.dumps(events).encode())).status_code == 413
    assert unchanged()
    assert post(call._replace(body=json.dumps(events[:3]).encode())).status_code == 200


def test_a_provider_may_ask_whether_anybody_is_there(one: Delivery) -> None:
    for method in ("get", "head"):
        answer = getattr(Client(), method)("/hooks/mandrill/")
        assert (answer.status_code, answer.content) == (200, b"")
    assert Client().put("/hooks/mandrill/").status_code == 405
    assert Client().get("/hooks/nobody/").status_code == 404


def test_an_answer_of_200_comes_after_the_commit_and_none_where_it_fails(
    one: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_events: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(hooks, "apply", fails)
    client = Client(raise_request_exception=False)
    call = about(Provider.POSTMARK, one)
    assert client.post(call.path, call.body, content_type=call.kind).status_code == 500


# ---- Amazon's notifications ---------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_amazons_signature_are_checked(
    one: Delivery, version: str, amazon: list[str]
) -> None:
    tag = providers.tag(keys().tags, Provider.AMAZON_SES, one.id)
    said = delivered(Provider.AMAZON_SES, tag, one.address).decode()
    call = notified("Notification", version=version, Message=said, Subject="Amazon SES")
    assert post(call._replace(body=call.body.replace(b"250 ok", b"250 no"))).status_code == 403
    assert unchanged()
    assert post(call).status_code == 200
    assert Returned.objects.count() == 1
    assert amazon == [CERTIFICATE], "fetched once, and kept"


@pytest.mark.parametrize(
    "said",
    [
        {"TopicArn": ARN.replace("123456789012", "999999999999")},
        {"TopicArn": ["x"]},
        {"SigningCertURL": CERTIFICATE.replace("https", "http")},
        {"SigningCertURL": CERTIFICATE.replace("amazonaws.com", "amazonaws.com.example.org")},
        {"SigningCertURL": CERTIFICATE.replace("sns.", "s3.")},
        {"SigningCertURL": CERTIFICATE.replace("eu-west-1", "us-east-1")},
        {"SigningCertURL": "https://169.254.169.254/latest/meta-data/"},
        {"SigningCertURL": CERTIFICATE.replace("://", "://sns.eu-west-1.amazonaws.com@127.0.0.1/")},
        {"SigningCertURL": CERTIFICATE + "?x=.pem"},
        {"SigningCertURL": None},
        {"version": "3"},
        {"Timestamp": "yesterday"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["Notification", "SubscriptionConfirmation"])
def test_nobody_is_asked_for_anything_by_a_call_that_is_not_ours(
    one: Delivery, said: dict[str, Any], kind: str, amazon: list[str]
) -> None:
    assert post(notified(kind, **said)).status_code == 403
    assert unchanged()
    assert not amazon


def test_a_named_topic_is_subscribed_to_and_no_other(one: Delivery, amazon: list[str]) -> None:
    assert post(notified("SubscriptionConfirmation")).status_code == 200
    assert amazon[0] == CERTIFICATE
    assert amazon[1].startswith("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&")
    assert len(amazon) == 2


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/?Action=ConfirmSubscription&Token=t0",
        "https://sns.eu-west-1.amazonaws.com.example.org/?Action=ConfirmSubscription&Token=t0",
        "https://sns.eu-west-1.amazonaws.com:8443/?Action=ConfirmSubscription&Token=t0",
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t0",
        "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t0",
        "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&Token=t0",
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t0\n@127.0.0.1",
    ],
)
def test_a_subscription_that_leads_elsewhere_is_refused_though_it_be_signed(
    one: Delivery, address: str, amazon: list[str]
) -> None:
    assert post(notified("SubscriptionConfirmation", SubscribeURL=address)).status_code == 403
    assert not amazon


def test_an_unsigned_subscription_confirms_nothing(one: Delivery, amazon: list[str]) -> None:
    call = notified("SubscriptionConfirmation")
    said = json.loads(call.body)
    said["Token"] = "t1"
    assert post(call._replace(body=json.dumps(said).encode())).status_code == 403
    assert amazon == [CERTIFICATE]


def test_amazons_name_that_leads_into_a_private_network_is_not_spoken_to(
    one: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inward(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    def really(url: str) -> Fetched:
        return fetching.fetch(url, resolve=inward)

    monkeypatch.setattr(sns, "fetch", really)
    answer = post(notified("Notification"))
    assert answer.status_code == 503
    assert b"can't be checked" in answer.content
    assert unchanged()


def test_where_the_certificate_can_not_be_had_the_call_is_to_come_again(
    one: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = about(Provider.AMAZON_SES, one)

    def away(_url: str) -> Fetched:
        raise NotFetched("does not answer")

    for nothing in (
        away,
        lambda url: Fetched(url, 404),
        lambda url: Fetched(url, 200, b"no certificate"),
        lambda url: Fetched(f"{url}x", 200, certificate()),
        lambda url: Fetched(url, 200, certificate(days=-1)),
    ):
        monkeypatch.setattr(sns, "fetch", nothing)
        assert post(call).status_code == 503
        assert unchanged()
    monkeypatch.setattr(sns, "fetch", lambda url: Fetched(url, 200, certificate()))
    assert post(call).status_code == 200


def test_certificates_are_asked_for_a_few_times_a_minute_at_most(
    one: Delivery, amazon: list[str]
) -> None:
    for n in range(10):
        address = CERTIFICATE.replace("0123456789", f"{n:010}")
        assert post(notified("Notification", SigningCertURL=address)).status_code in {403, 503}
    assert len(amazon) == sns.A_MINUTE


def test_the_notification_that_a_topic_was_validated_says_nothing(one: Delivery) -> None:
    said = "Successfully validated SNS topic for Amazon SES event publishing."
    assert post(notified("Notification", Message=said)).status_code == 200
    assert unchanged()


def test_where_ses_repeats_the_headers_our_own_message_id_names_the_delivery(
    one: Delivery, pivot: Topic
) -> None:
    from workers.message import message_id

    ours = message_id(keys().messages, Mailing.objects.get().id, one.id, 0, "example.org")
    said = {
        "notificationType": "Bounce",
        "mail": {"messageId": "0102", "destination": [one.address],
                 "headers": [{"name": "Message-ID", "value": ours}]},
        "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [
            {"emailAddress": one.address, "status": "5.1.1"}]},
    }  # fmt: skip
    assert post(notified("Notification", Message=json.dumps(said))).status_code == 200
    row = Returned.objects.get()
    assert (row.delivery_id, row.kind, row.code) == (one.id, "hard", "5.1.1")
