"""Messages handed over octet by octet, just as SMTP would carry them."""

import base64
import secrets
from collections.abc import Callable

from workers.feedback.providers import NAME, Provider
from workers.https.account import Account
from workers.https.call import Call, basic, posted
from workers.outbox import Envelope


def call(account: Account, envelope: Envelope) -> Call:
    """What hands this message over."""
    return _CALLS[account.provider](account, envelope)


def _mailgun(account: Account, envelope: Envelope) -> Call:
    fields = [
        ("to", envelope.recipient),
        (f"v:{NAME}", envelope.tag),
        ("o:tracking", b"no"),
    ]
    boundary = f"digest-{secrets.token_hex(16)}"
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (boundary.encode(), name.encode(), value)
        for name, value in fields
        if value
    ]
    parts.append(
        b'--%b\r\nContent-Disposition: form-data; name="message"; filename="message.eml"\r\n'
        b"Content-Type: message/rfc822\r\n\r\n%b\r\n--%b--\r\n"
        % (boundary.encode(), envelope.message, boundary.encode())
    )
    headers = {
        **basic("api", account.key),
        "Content-Type": f"multipart/form-data; boundary={boundary}",
    }
    return Call("POST", f"{account.domain}/messages.mime", headers, b"".join(parts))


def _mandrill(account: Account, envelope: Envelope) -> Call:
    said = {
        "key": account.key,
        "raw_message": envelope.message.decode(),
        "to": [envelope.recipient.decode()],
        "async": False,
    }
    return posted("messages/send-raw.json", said)


def _postal(account: Account, envelope: Envelope) -> Call:
    said = {
        "mail_from": envelope.sender.decode(),
        "rcpt_to": [envelope.recipient.decode()],
        "data": base64.b64encode(envelope.message).decode(),
    }
    return posted("api/v1/send/raw", said, {"X-Server-API-Key": account.key})


def _sparkpost(account: Account, envelope: Envelope) -> Call:
    said = {
        "recipients": [
            {
                "address": {"email": envelope.recipient.decode()},
                "metadata": {NAME: envelope.tag.decode()},
            }
        ],
        "content": {"email_rfc822": envelope.message.decode()},
        "options": {"open_tracking": False, "click_tracking": False},
    }
    return posted("transmissions/", said, {"Authorization": account.key})


_CALLS: dict[Provider, Callable[[Account, Envelope], Call]] = {
    Provider.MAILGUN: _mailgun,
    Provider.MANDRILL: _mandrill,
    Provider.POSTAL: _postal,
    Provider.SPARKPOST: _sparkpost,
}
