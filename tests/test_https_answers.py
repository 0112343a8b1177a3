"""What a provider's API says, what its address says, and what of a message it is told."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest

from tests.providing import Mails, first_says, sent, standing
from tests.relays import readers
from workers.feedback.providers import Provider
from workers.headers import address_header
from workers.https import probing
from workers.https.account import Account
from workers.https.answers import heard
from workers.https.call import Answer, Broken
from workers.https.fields import Payload
from workers.https.reading import read
from workers.outbox import Envelope, Report, Verdict
from workers.sink.api import KEY, SHAPES, Asked, Reply

# ---- what an answer means ----------------------------------------------------------------


def said(provider: Provider, status: int, body: str = "", **headers: str) -> Any:
    account = Account(provider, "https://api.example.org/", "key")
    return heard(account, None, Answer(status, "So", headers, body.encode()))


@pytest.mark.parametrize(
    ("provider", "status", "body", "verdict"),
    [
        ("mailgun", 200, '{"id": "<abc@example.com>", "message": "Queued."}', "accepted"),
        ("mailgun", 200, "Mailgun Magnificent API", "uncertain"),
        ("mailgun", 400, "to parameter is not a valid address", "failed"),
        ("mailgun", 400, "from parameter is not a valid address", "deferred"),
        ("brevo", 400, '{"message": "email is not valid in to"}', "failed"),
        ("brevo", 400, '{"message": "Sender is inactive"}', "deferred"),
        ("mailersend", 422, '{"errors": {"to.0.email": ["must be valid"]}}', "failed"),
        ("mailersend", 422, '{"errors": {"from.email": ["must be verified"]}}', "deferred"),
        ("mailjet", 400, '{"ErrorRelatedTo": ["To[0].Email"]}', "failed"),
        ("mailtrap", 400, """{"errors": ["'to' address is invalid"]}""", "failed"),
        ("postmark", 422, '{"ErrorCode": 406, "Message": "marked as inactive"}', "failed"),
        ("postmark", 422, '{"ErrorCode": 300, "Message": "Invalid \'From\'"}', "deferred"),
        ("resend", 422, '{"message": "Invalid `to` field."}', "failed"),
        ("sendgrid", 400, '{"errors": [{"field": "personalizations.0.to.0.email"}]}', "failed"),
        ("sendgrid", 403, '{"errors": [{"field": "from"}]}', "untried"),
        ("mailgun", 401, "Forbidden", "untried"),
        ("mailgun", 404, "Domain not found", "untried"),
        ("mailgun", 302, "elsewhere", "untried"),
        ("mailgun", 413, "too large", "failed"),
        ("mailgun", 429, "slow down", "deferred"),
        ("mailgun", 500, "oops", "deferred"),
        ("mailgun", 502, "Bad Gateway", "uncertain"),
        ("mailgun", 503, "busy", "deferred"),
        ("mailgun", 504, "Gateway Timeout", "uncertain"),
        ("postal", 200, '{"status": "error", "data": {"code": "InvalidServerAPIKey"}}', "untried"),
        ("postal", 200, '{"status": "error", "data": {"code": "FromAddressMissing"}}', "deferred"),
        ("mandrill", 500, '{"status": "error", "name": "Invalid_Key"}', "untried"),
        ("mandrill", 500, '{"status": "error", "name": "GeneralError"}', "deferred"),
        ("mandrill", 200, '[{"email": "a", "status": "rejected", "_id": "b"}]', "failed"),
        ("sparkpost", 200, '{"results": {"id": "1", "total_accepted_recipients": 0}}', "failed"),
        ("mandrill", 200, '[{"email": "a", "status": ["sent"], "_id": "b"}]', "uncertain"),
        ("mandrill", 200, '[{"email": "a", "_id": "b", "status": "thought about"}]', "uncertain"),
        ("postal", 200, '{"status": "error", "data": "no"}', "deferred"),
        ("postal", 200, '{"status": "ok"}', "uncertain"),
    ],
)
def test_an_answer_speaks_of_the_reader_of_a_moment_or_of_us(
    provider: str, status: int, body: str, verdict: str
) -> None:
    found = said(Provider(provider), status, body)
    assert found.outcome.verdict == verdict
    assert bool(found.trouble) == (verdict == "untried")


def as_fields(provider: Provider, status: int, body: bytes, **headers: str) -> str:
    """The verdict on such an answer to a message that went as its fields."""
    account = Account(provider, "https://api.example.org/", "key", "other")
    payload = Payload(account, Mails([]).envelope(1, "r1@example.org"))
    return heard(account, payload, Answer(status, "So", headers, body)).outcome.verdict


def test_a_yes_with_a_no_in_it_or_without_any_sense_is_no_yes() -> None:
    inactive = b'{"ErrorCode": 406, "Message": "inactive"}'
    assert as_fields(Provider.POSTMARK, 200, inactive) == "uncertain"
    assert as_fields(Provider.POSTMARK, 200, b"[]") == "uncertain"
    mailjet = b'{"Messages": [{"Status": "error", "Errors": [{"ErrorMessage": "no"}]}]}'
    assert as_fields(Provider.MAILJET, 200, mailjet) == "failed"
    suppressed = b'{"message": "no", "warnings": [{"type": "ALL_SUPPRESSED"}]}'
    assert as_fields(Provider.MAILERSEND, 202, suppressed) == "failed"
    assert as_fields(Provider.MAILERSEND, 202, b"") == "uncertain", "it lost its id: who knows"


def test_an_answer_that_nobody_can_read_settles_its_message_and_the_others_go_on() -> None:
    outbox = Mails(readers(8))
    deep = b"[" * 100_000
    with standing(override=first_says((200, {}, deep))) as there:
        assert sent(there.account, outbox) == Report()
    assert sorted(outbox.verdicts) == ["accepted"] * 7 + ["uncertain"]


def test_an_answer_that_repeats_our_key_is_kept_without_it() -> None:
    account = Account(Provider.MAILJET, "https://api.example.org/", "k3y-of-ours", "s3cret-of-ours")
    body = b'{"message": "k3y-of-ours:s3cret-of-ours\0 is no key"}'
    found = heard(account, None, Answer(401, "So", {}, body))
    assert "(our key):(our key)\ufffd is no key" in found.trouble
    assert "ours" not in found.trouble
    assert "\0" not in found.trouble, "PostgreSQL can't keep it"


def test_a_broken_call_is_uncertain_only_once_all_of_it_was_written() -> None:
    account = Account(Provider.MAILGUN, "https://api.example.org/", "key")
    verdicts = [
        heard(account, None, Broken("reset", whole)).outcome.verdict for whole in (False, True)
    ]
    assert verdicts == [Verdict.UNTRIED, Verdict.UNCERTAIN]


@pytest.mark.parametrize(
    ("asked", "waited"), [("7", 7), ("", 1), ("nan", 1), ("-3", 0), ("1e9", 3600)]
)
def test_how_long_it_asks_us_to_wait(asked: str, waited: float) -> None:
    assert said(Provider.RESEND, 429, **{"retry-after": asked}).wait == waited


# ---- addresses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "base", "more"),
    [
        ("sendgrid+https://SG.a%2Fb@", "https://api.sendgrid.com/v3/", {"key": "SG.a/b"}),
        (
            "mailgun+https://k@news.example.com?region=eu&connections=9",
            "https://api.eu.mailgun.net/v3/",
            {"domain": "news.example.com", "connections": 9},
        ),
        ("mailjet+https://k:s@", "https://api.mailjet.com/v3.1/", {"secret": "s"}),
        (
            "postmark+https://k@api.postmarkapp.com?stream=broadcast",
            "https://api.postmarkapp.com/",
            {"stream": "broadcast"},
        ),
        ("mailtrap+https://k@?stream=bulk", "https://bulk.api.mailtrap.io/api/", {}),
        ("postal+https://k@post.example.org", "https://post.example.org/", {}),
        ("resend+https://k@?base=http://127.0.0.1:8", "http://127.0.0.1:8/", {}),
    ],
)
def test_an_address_says_whose_api_it_is(url: str, base: str, more: dict[str, object]) -> None:
    account = Account.from_url(url)
    assert account.base == base
    assert {name: getattr(account, name) for name in more} == more


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("amazon_ses+https://s3cret@", "names no provider whose API is known"),
        ("unisender_go+https://s3cret@", "names no provider whose API is known"),
        ("postmark+https://", "has no API key"),
        ("postmark+https://s3cret%0A@", "has no API key"),
        ("postmark+https://s3cret@mail.example.org", "a host that is not postmark's"),
        ("postmark+https://s3cret@?region=eu", "a region that postmark does not have"),
        ("postmark+https://s3cret@?speed=1", "unknown option, speed"),
        ("postmark+https://s3cret@/v2", "something after the host"),
        ("postmark+https://s3cret@?base=http://mail.example.org", "not http:// on this machine"),
        ("postmark+https://s3cret:too@", "a second key"),
        ("postmark+https://s3cret@?connections=0", "connections"),
        ("mailgun+https://s3cret@", "names no sending domain"),
        ("postal+https://s3cret@", "names no server"),
        ("mailjet+https://s3cret@", "needs both of Mailjet's keys"),
        ("sendgrid+https://s3cret@?stream=bulk", "a stream, which sendgrid does not know"),
        ("mailtrap+https://s3cret@?stream=fast", "a stream that Mailtrap does not have"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_in_words_without_its_key(
    url: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        Account.from_url(url)
    assert "s3cret" not in str(refused.value)


# ---- a look at it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "reply", "words"),
    [
        ("postmark", (200, {}, b"{}"), "it takes our key"),
        ("postmark", (401, {}, b'{"Message": "no"}'), "does not let us in: 401"),
        ("postmark", (500, {}, b"oops"), "it said: 500"),
        ("resend", (401, {}, b'{"name": "restricted_api_key"}'), "may do nothing but send"),
        ("resend", (403, {}, b'{"name": "invalid_api_key"}'), "does not let us in: 403"),
        ("sparkpost", (403, {}, b'{"message": "Forbidden."}'), "may do nothing but send"),
        ("mailgun", (400, {}, b"from parameter is missing"), "it takes our key"),
        ("mailgun", (401, {}, b"Forbidden"), "does not let us in"),
        ("postal", (200, {}, b'{"data": {"code": "MessageNotFound"}}'), "it takes our key"),
        ("postal", (200, {}, b'{"data": {"code": "AccessDenied"}}'), "does not let us in"),
        ("mailtrap", (404, {}, b""), "no question that tells"),
    ],
)
def test_a_look_tells_whether_the_key_is_taken_and_sends_nothing(
    provider: str, reply: Reply, words: str
) -> None:
    asked: list[Asked] = []

    def answer(one: Asked) -> Reply:
        asked.append(one)
        return reply

    with standing(Provider(provider), override=answer) as there:
        seen = probing.look(there.account)
    assert words in (seen.trouble or seen.told)
    assert bool(seen.trouble) == ("does not let" in words or "it said" in words)
    assert len(asked) == 1
    assert not there.taken


def test_a_look_shows_its_key_where_the_provider_wants_it() -> None:
    for provider in set(SHAPES) - {Provider.MAILTRAP}:
        asked: list[Asked] = []
        with standing(provider, override=asked.append) as there:
            probing.look(there.account)
        (one,) = asked
        assert SHAPES[provider].shown(one) == KEY, provider
        assert ".." not in one.path


def test_a_look_at_nobody_says_so() -> None:
    with standing() as there:
        gone = there.account
    assert "can't be reached" in probing.look(gone).trouble


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Ann Lee",
        "Lee, Ann",
        'Ann "The Pier" Lee',
        "Zoë, Ö\\",
        "李 安娜",
        "Ann <a@b.org>",
        "Q =?x",
        60 * "ä",
    ],
)
def test_a_mailbox_reads_as_it_was_written(name: str) -> None:
    head = address_header("To", name, "ann@example.org") + b"Subject: x\r\n\r\n"
    assert parseaddr(read(head).mailbox("To")) == (name, "ann@example.org")


def test_an_alert_that_the_email_package_wrote_reads_as_it_does_there() -> None:
    for text, cte in (
        ("Nothing is wrong.\n", "7bit"), ("Größe: 5\n" * 9, "base64"), ("x" * 2000 + "\n", None)
    ):  # fmt: skip
        alert = EmailMessage()
        alert["From"], alert["To"] = "Zoë <news@example.org>", "ops@example.org"
        alert["Subject"] = "Über " * 30
        alert.set_content(text, cte=cte)
        found = read(alert.as_bytes(policy=policy.SMTP))
        assert found.texts == {"text/plain": text}
        assert found.text("Subject") == alert["Subject"]


def test_a_message_reads_the_same_as_fields_as_by_smtp() -> None:
    html = (
        b"From: =?utf-8?q?M=C3=A9dia_Desk?= <news@example.org>\r\n"
        b'To: "Lee, Ann" <ann@example.org>\r\nSubject: =?utf-8?q?Caf=C3=A9s_reopen?=\r\n'
        b"Reply-To: desk@example.org\r\nMessage-ID: <1.0.ab@example.org>\r\n"
        b"List-Unsubscribe: <https://news.example.org/u/1/>, <mailto:leave@example.org>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nDate: Fri, 27 Nov 2026\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="=_x"\r\n\r\n'
        b"--=_x\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nCaf=C3=A9=\r\ns\r\n"
        b"--=_x\r\nContent-Type: text/html; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Caf=C3=A9s</p>\r\n--=_x--\r\n"
    )

    class One(Mails):
        def envelope(self, key: int, recipient: str) -> Envelope:
            return Envelope(key, b"", recipient.encode(), html, b"a-tag")

    with standing() as there:
        sent(there.account, One(["ann@example.org"]))
    (asked,) = there.taken
    fields = asked.said
    assert fields["From"] == "Média Desk <news@example.org>"
    assert (fields["Subject"], fields["ReplyTo"]) == ("Cafés reopen", "desk@example.org")
    assert fields["TextBody"].strip() == "Cafés"
    assert fields["HtmlBody"].strip() == "<p>Cafés</p>"
    headers = {one["Name"]: one["Value"] for one in fields["Headers"]}
    parsed = message_from_bytes(html, policy=policy.SMTPUTF8)
    assert headers["List-Unsubscribe"] == parsed["List-Unsubscribe"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (headers["Message-ID"], headers["X-PM-KeepID"]) == ("<1.0.ab@example.org>", "true")
    assert fields["Metadata"] == {"digest": "a-tag"}
    assert (fields["TrackOpens"], fields["TrackLinks"]) == (False, "None")
