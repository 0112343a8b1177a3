"""A look at a provider's account: whether its API can be reached and takes our key.

It asks what sends nothing. A key that may do nothing but send is told by the provider's saying so.
"""

import ssl
from collections.abc import Callable

from workers.feedback.providers import Provider
from workers.https.account import Account
from workers.https.answers import words
from workers.https.call import Answer, Broken, Call, basic, posted
from workers.https.wire import Connection, Limits
from workers.seen import Seen

LIMITS = Limits(connecting=10, answer=15)


def look(account: Account) -> Seen:
    """What is seen there."""
    try:
        connection = Connection(account, LIMITS)
    except ssl.SSLError as problem:
        return Seen(f"{account}: {problem}", "")
    probe = _PROBES.get(account.provider)
    answer = connection.ask(probe(account) if probe else Call("GET", "", {}))
    connection.close()
    if isinstance(answer, Broken):
        return Seen(f"{account} can't be reached: {answer.why}", "")
    secure = "TLS stands and its certificate is good" if account.base.startswith("https") else ""
    told = ["Connected", secure, _said(account, answer) if probe else _UNASKED]
    if probe and (trouble := _trouble(account, answer)):
        return Seen(f"{account}: {trouble}", "")
    return Seen("", "; ".join(filter(None, told)))


_UNASKED = "it has no question that tells whether it takes our key and sends nothing"


def _said(account: Account, answer: Answer) -> str:
    if answer.status < 300 or account.provider in _AS_A_NO:
        return "it takes our key"
    return "it takes our key, which may do nothing but send"


def _trouble(account: Account, answer: Answer) -> str:
    """Why mail can't go by it, in words; "" where it can."""
    if is_well := _AS_A_NO.get(account.provider):
        return "" if is_well(answer) else f"it does not let us in: {words(account, answer)}"
    if answer.status < 300 or _may_only_send(answer):
        return ""
    if answer.status in {401, 403, 404}:
        return f"it does not let us in: {words(account, answer)}"
    return f"it said: {words(account, answer)}"


def _may_only_send(answer: Answer) -> bool:
    """Resend and others refuse every question but to send to keys that are made for that."""
    said = answer.body.lower()
    return b"restricted" in said or (answer.status == 403 and b"invalid" not in said)


# ---- what each is asked -------------------------------------------------------------------------


def _get(path: str, **headers: str) -> Call:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call("GET", path, {"Accept": "application/json", **named})


def _mailgun(account: Account) -> Call:
    """A message with nothing in it: refused for that, and for the key before."""
    return Call("POST", f"{account.domain}/messages", basic("api", account.key))


def _postal(account: Account) -> Call:
    return posted("api/v1/messages/message", {"id": 0}, {"X-Server-API-Key": account.key})


_PROBES: dict[Provider, Callable[[Account], Call]] = {
    Provider.BREVO: lambda account: _get("account", api_key=account.key),
    Provider.MAILERSEND: lambda account: _get("api-quota", Authorization=f"Bearer {account.key}"),
    Provider.MAILGUN: _mailgun,
    Provider.MAILJET: lambda account: Call(
        "GET", "/v3/REST/sender?Limit=1", basic(account.key, account.secret)
    ),
    Provider.MANDRILL: lambda account: posted("users/ping2.json", {"key": account.key}),
    Provider.POSTAL: _postal,
    Provider.POSTMARK: lambda account: _get("server", X_Postmark_Server_Token=account.key),
    Provider.RESEND: lambda account: _get("domains", Authorization=f"Bearer {account.key}"),
    Provider.SENDGRID: lambda account: _get("scopes", Authorization=f"Bearer {account.key}"),
    Provider.SPARKPOST: lambda account: _get("account", Authorization=account.key),
}
"""Mailtrap's host for sending has no such question."""

_AS_A_NO: dict[Provider, Callable[[Answer], bool]] = {
    Provider.MAILGUN: lambda answer: answer.status == 400,
    Provider.POSTAL: lambda answer: b"MessageNotFound" in answer.body,
}
"""What they say to a key that they take, since what is asked can't be done."""
