"""The DNS records by which receivers believe our mail: each with its why, and how it stands."""

from collections.abc import Iterator
from contextlib import suppress

from workers.dkim import Signer
from workers.doctor import dmarc
from workers.doctor.finding import Finding, bad, look, unknown
from workers.doctor.names import Names, Unanswered
from workers.doctor.tags import tags_of
from workers.relay import on_loopback
from workers.setting_up import spf_record
from workers.setting_up.record import Record, Standing
from workers.setting_up.sending import Sending, is_address

Told = Record | Finding


def wanted(names: Names, sending: Sending) -> Iterator[Told]:
    """All that is to be pasted; and what can't be told from here."""
    for part in (spf_record.wanted, _dkim, _dmarc, _returns, _pages):
        yield from part(names, sending)


# ---- DKIM --------------------------------------------------------------------------------------


def _dkim(names: Names, sending: Sending) -> Iterator[Told]:
    if signer := sending.signer:
        name = signer.name
        why = "DKIM: the public half of the key that signs your mail."
        state, old = _standing_key(names, signer)
        yield Record(name, "TXT", signer.record, why, state, old)
        if state is Standing.OTHER:
            yield look(
                f"DKIM of {sending.domain}",
                f"Another key is at {name}: with ours in its place, what that one signs fails.",
                "If it signs on another machine or at another service, give ours a name of its "
                f"own: digest init --selector {name.partition('.')[0]}2",
            )
    elif sending.is_providers:
        yield unknown(
            f"DKIM of {sending.domain}",
            f"Your provider signs for {sending.domain} once you have told it of the domain.",
            "Add the domain in its console, and paste the DKIM records that it shows there.",
        )


def _standing_key(names: Names, signer: Signer) -> tuple[Standing, str]:
    try:
        there = names.texts(signer.name)
    except Unanswered:
        return Standing.UNKNOWN, ""
    key = tags_of(signer.record)["p"]
    if not there:
        return Standing.MISSING, ""
    if [tags_of(text).get("p") for text in there] == [key]:
        return Standing.THERE, ""
    return Standing.OTHER, " and ".join(there)


# ---- DMARC -------------------------------------------------------------------------------------


def _dmarc(names: Names, sending: Sending) -> Iterator[Told]:
    domain = sending.domain
    value = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
    why = (
        f"DMARC: large mailbox providers ask for one. Reports of who sends as {domain} come to "
        f"dmarc@{domain}: make that mailbox, or name another."
    )
    try:
        place, there = dmarc.policy(names, domain)
    except Unanswered:
        yield Record(f"_dmarc.{domain}", "TXT", value, why, Standing.UNKNOWN)
        return
    if len(there) > 1:
        yield bad(
            f"DMARC of {domain}",
            f"_dmarc.{place} has {len(there)} records; receivers then use none.",
            "Leave one of them.",
        )
    elif there:
        why = "DMARC: you have a policy already; it stays as it is."
        yield Record(f"_dmarc.{place}", "TXT", there[0], why, Standing.THERE)
    else:
        yield Record(f"_dmarc.{domain}", "TXT", value, why, Standing.MISSING)


# ---- where bounces go, and the pages -----------------------------------------------------------


def _returns(names: Names, sending: Sending) -> Iterator[Told]:
    domain = sending.bounces
    try:
        there = names.exchangers(domain)
        known = bool(there or names.addresses(domain))
    except Unanswered:
        if domain != sending.domain:  # whose own mail must not be led elsewhere by a guess
            yield from _returning(sending, Standing.UNKNOWN)
        return
    if sending.leads_away:
        yield from _returning(sending, Standing.THERE if known else Standing.MISSING)
    elif there == ["."]:  # RFC 7505
        yield look(
            f"Bounces to {domain}",
            "Its MX record says that it takes no mail, so that many receivers refuse mail from it.",
            "Send from a domain that takes mail, or give bounces one that does: digest init "
            "--bounce-domain …",
        )
    elif there:
        why = f"MX: bounces to {domain} have somewhere to go."
        yield Record(domain, "MX", f"10 {there[0]}", why, Standing.THERE)
    elif known and domain == sending.domain:
        yield look(
            f"Bounces to {domain}",
            "It has no MX record: bounces and answers go to the server at its A record.",
            f"See that this server takes mail for {domain}, or add the MX record that whoever has "
            "its mailboxes names.",
        )
    else:
        yield from _returning(sending, Standing.MISSING)


def _returning(sending: Sending, state: Standing) -> Iterator[Told]:
    domain, host = sending.bounces, sending.own_host
    if sending.leads_away:
        why = "Bounce domain: leads to your provider, who takes the bounces and tells us of them."
        yield Record(domain, "CNAME", sending.ways.returns, why, state)
    elif sending.ses_region and domain != sending.domain:
        why = "Bounce domain: set it as the MAIL FROM domain in the console of Amazon SES too."
        value = f"10 feedback-smtp.{sending.ses_region}.amazonses.com"
        yield Record(domain, "MX", value, why, state)
    elif host and not is_address(host) and not sending.reads_a_mailbox:
        why = (
            f"Bounce domain: what can't be delivered comes back to {domain}. The server named here "
            "must take it (docs/feedback.md, By mail)."
        )
        yield Record(domain, "MX", f"10 {host}", why, state)
    elif state is Standing.MISSING and sending.place:
        yield look(
            f"Bounces to {domain}",
            "The domain takes no mail, so that some receivers refuse mail from it.",
            f"Add the MX record that whoever has the mailboxes of {domain} names.",
        )


def _pages(names: Names, sending: Sending) -> Iterator[Told]:
    host = sending.pages
    if not host or on_loopback(host) or is_address(host):
        return
    with suppress(Unanswered):
        if not names.addresses(host):
            yield look(
                f"Pages at {host}",
                "The name leads nowhere yet, and with it all links in your mails.",
                f"Add an A record (and AAAA for IPv6) at {host} with this server's address.",
            )
