"""What HOOKS may say: secrets of the kind that each provider has, or the start is refused."""

import pytest

from tests.calls import ARN, SECRET, secret_of
from workers.feedback.providers import Provider
from workers.feedback.secrets import secrets


def test_each_provider_s_own_kind_of_secret_is_taken() -> None:
    said = " ".join(f"{one}={secret_of(one)}" for one in Provider)
    assert secrets(said) == {one.value: (secret_of(one),) for one in Provider}
    assert secrets("  ") == {}


def test_a_provider_may_have_two_while_its_secret_changes() -> None:
    assert secrets("mailgun=old mailgun=new") == {"mailgun": ("old", "new")}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("postfix=sixteen-letters-or-so", "names none of"),
        (SECRET, "names none of"),
        ("mailgun", "has for mailgun no secret"),
        ("postmark=too-short", "16 or more"),
        ("brevo=with/a/slash/and/long/enough", "16 or more"),
        (f"amazon_ses={ARN}*", "no ARN"),
        ("amazon_ses=arn:aws:sqs:eu-west-1:123456789012:digest", "no ARN"),
        ("sendgrid=bm8ga2V5", "no public key"),
        ("postal=not-base64", "no public key"),
        ("resend=whsec_no*base64", "no signing secret"),
    ],
)
def test_what_can_prove_nothing_is_refused_in_words_that_tell_no_secret(
    said: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why) as problem:
        secrets(said)
    secret = said.partition("=")[2]
    assert not secret or secret not in str(problem.value)
