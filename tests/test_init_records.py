"""The DNS records that `digest init` prints: right beside what is there, and ready to paste."""

from pathlib import Path
from typing import Any

import dns.name
import dns.rdatatype
import dns.zone
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from config import environment
from tests import signing
from tests.nameserver import Zone
from tests.relays import sink
from tests.setting_up import (
    BOUNCES,
    DOMAIN,
    GIVEN,
    called,
    env,
    finding,
    here,
    knowing,
    record,
    run,
)
from workers.doctor import spf
from workers.doctor.names import Names
from workers.doctor.tags import tags_of
from workers.setting_up import keys, records, spf_record
from workers.setting_up.record import Record, Standing
from workers.setting_up.sending import Sending
from workers.where import where

__all__ = ["here"]  # a fixture

HOST, ADDRESS = "mail.example.net", "192.0.2.25"
KNOWN = {(HOST, "A"): [ADDRESS]}
PAGES = {(f"news.{DOMAIN}", "A"): [ADDRESS]}


def sending(relay: str = f"smtp://{HOST}", bounces: str = DOMAIN, **more: Any) -> Sending:
    return Sending(DOMAIN, bounces, f"https://news.{DOMAIN}", where(relay), **more)


def told(zone: dict[tuple[str, str], list[str]], wish: Sending, kind: str) -> Any:
    """The record of this kind, and what else is said, where DNS knows this."""
    from tests.nameserver import serving

    with serving(zone) as server:
        names = Names(server)
        said = list(records.wanted(names, wish))
        found = [one for one in said if isinstance(one, Record) and one.why.startswith(kind)]
        if kind == "SPF" and found:
            assert spf.read_text(names, DOMAIN, found[0].value).names(ADDRESS), "receivers agree"
    return found[0] if found else None


# ---- SPF ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "value", "state"),
    [
        ([], f"v=spf1 a:{HOST} ~all", Standing.MISSING),
        (["v=spf1 mx -all"], f"v=spf1 mx a:{HOST} -all", Standing.OTHER),
        (["v=spf1"], f"v=spf1 a:{HOST} ~all", Standing.OTHER),
        (["v=spf1 redirect=not.example.org"], f"v=spf1 a:{HOST} redirect=not.example.org",
         Standing.OTHER),
        (["v=spf1 ip4:198.51.100.7 redirect=not.example.org", "v=spf1 mx -all"],
         f"v=spf1 ip4:198.51.100.7 mx include:not.example.org a:{HOST} ~all", Standing.OTHER),
        ([f"v=spf1 mx redirect=not.example.org -all a:{HOST} exp=e.example.org"],
         f"v=spf1 mx exp=e.example.org a:{HOST} -all", Standing.OTHER),
        ([f"v=spf1 -all ip4:{ADDRESS}"], f"v=spf1 a:{HOST} -all", Standing.OTHER),
        ([f"v=spf1 +A:{HOST} ?all"], f"v=spf1 +A:{HOST} ?all", Standing.THERE),
        (["v=spf1 ip4:192.0.2.0/24 -all"], "v=spf1 ip4:192.0.2.0/24 -all", Standing.THERE),
        (["v=spf1 include:spf.example.org -all"], "v=spf1 include:spf.example.org -all",
         Standing.THERE),
    ],
)  # fmt: skip
def test_an_spf_record_is_changed_and_never_doubled(
    there: list[str], value: str, state: Standing
) -> None:
    zone = KNOWN | {
        (DOMAIN, "TXT"): [f'"{one}"' for one in ["google-site-verification=1", *there]],
        ("spf.example.org", "TXT"): [f'"v=spf1 ip4:{ADDRESS} -all"'],
        ("not.example.org", "TXT"): ['"v=spf1 ip4:198.51.100.8 -all"'],
    }
    found = told(zone, sending(), "SPF")
    assert (found.name, found.type, found.value, found.state) == (DOMAIN, "TXT", value, state)
    assert found.replaces == ("" if state is not Standing.OTHER else " and ".join(there))


def test_a_record_that_asks_too_much_already_gets_addresses_in_place_of_a_name() -> None:
    ten = " ".join(f"a:a{n}.example.org" for n in range(10))
    zone = KNOWN | {(DOMAIN, "TXT"): [f'"v=spf1 {ten} -all"']}
    assert told(zone, sending(), "SPF").value == f"v=spf1 {ten} ip4:{ADDRESS} -all"


def test_a_record_that_asks_too_much_anyhow_is_told_with_a_way_out(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ten = " ".join(f"a:a{n}.example.org" for n in range(11))
    with knowing({(DOMAIN, "TXT"): [f'"v=spf1 {ten} -all"']}, monkeypatch), sink() as (relay, _):
        said = run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}")
    assert "more than 10" in finding(said, "SPF")["words"]
    assert f"--bounce-domain {BOUNCES}" in finding(said, "SPF")["mend"]


def test_a_relay_of_somebody_elses_may_send_from_other_servers() -> None:
    ours = told({}, sending(f"smtp://mail.{DOMAIN}"), "SPF: lets")
    theirs = told({}, sending("smtp://smtp.example.net"), "SPF: lets")
    assert "may leave by other servers" in theirs.why
    assert "may leave by other servers" not in ours.why


@pytest.mark.parametrize(
    ("relay", "mechanism"),
    [
        ("smtp://192.0.2.25", "ip4:192.0.2.25"),
        ("smtp://[2001:db8::25]", "ip6:2001:db8::25"),
        ("smtp://127.0.0.1", f"a:news.{DOMAIN}"),
        ("smtp://smtp.sendgrid.net", "include:sendgrid.net"),
        ("mailgun+https://key@example.org", "include:mailgun.org"),
        ("smtp://smtp.sparkpostmail.com", None),
        ("postal+https://key@postal.example.org", None),
    ],
)
def test_a_relay_is_named_as_the_world_sees_it(relay: str, mechanism: str | None) -> None:
    said = (
        list(spf_record.wanted(Names("127.0.0.1:9"), sending(relay))) if mechanism is None else []
    )
    wanted = spf_record._mechanisms(sending(relay))
    assert wanted == ([mechanism] if mechanism else [])
    assert all(
        "only its operator knows" in one.words for one in said if not isinstance(one, Record)
    )


# ---- DKIM and DMARC ----------------------------------------------------------------------------


def test_a_key_is_kept_and_another_signs_only_once_its_record_is_there(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = signing.pem(rsa.generate_private_key(65537, 2048))
    with sink() as (relay, _):
        first = run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}")
        monkeypatch.setattr(keys, "_made", lambda: other)
        rolled = run("--selector", "may")
        assert "digest goes on signing" in finding(rolled, "DKIM")["words"]
        assert env()["DKIM_SELECTOR"] == "digest"
        new = record(rolled, "DKIM")
        text = f'"{new["value"][:250]}" "{new["value"][250:]}"'
        with knowing({(new["name"], "TXT"): [text]}, monkeypatch):
            done = run("--selector", "may")
    assert "may signs from now on" in finding(done, "DKIM")["words"]
    assert (env()["DKIM_SELECTOR"], env()["DKIM_KEY_FILE"]) == ("may", "var/dkim/may.pem")
    assert Path("var/dkim/digest.pem").read_bytes() == signing.key()
    assert Path("var/dkim/may.pem").read_bytes() == other
    assert new["name"] == f"may._domainkey.{DOMAIN}"
    assert record(first, "DKIM")["value"] != new["value"] == record(done, "DKIM")["value"]


def test_a_key_of_somebody_elses_under_the_same_name_is_told_of_before_it_is_replaced(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {(f"digest._domainkey.{DOMAIN}", "TXT"): ['"v=DKIM1; k=rsa; p=AAAA"']}
    with knowing(there, monkeypatch), sink() as (relay, _):
        said = run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}")
    assert record(said, "DKIM")["replaces"] == "v=DKIM1; k=rsa; p=AAAA"
    assert "what that one signs fails" in finding(said, "DKIM")["words"]
    assert "--selector digest2" in finding(said, "DKIM")["mend"]


def test_a_key_of_ones_own_for_several_domains_stays_and_signs_for_one_more(here: Path) -> None:
    Path("a.example.org.pem").write_bytes(signing.key())
    Path(".env").write_text(
        "DKIM_DOMAIN=a.example.org,b.example.org\nDKIM_SELECTOR=s1\nDKIM_KEY_FILE={domain}.pem\n"
    )
    with sink() as (relay, _):
        run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}")
        assert env()["DKIM_DOMAIN"] == f"a.example.org,b.example.org,{DOMAIN}"
        assert Path(f"{DOMAIN}.pem").read_bytes() == signing.key()
        run("--no-dkim")
    assert env()["DKIM_DOMAIN"] == env()["DKIM_KEY_FILE"] == ""
    assert Path(f"{DOMAIN}.pem").exists()


@pytest.mark.parametrize(
    ("place", "there", "state"),
    [
        (f"_dmarc.{DOMAIN}", [], Standing.MISSING),
        (f"_dmarc.{DOMAIN}", ["v=DMARC1; p=quarantine"], Standing.THERE),
    ],
)
def test_a_policy_that_is_there_stays_and_a_new_one_harms_nobody(
    place: str, there: list[str], state: Standing
) -> None:
    found = told({(place, "TXT"): [f'"{one}"' for one in there]}, sending(), "DMARC")
    assert (found.name, found.state) == (place, state)
    assert found.value == (there or [f"v=DMARC1; p=none; rua=mailto:dmarc@{DOMAIN}"])[0]


# ---- where bounces go --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relay", "bounces", "kind", "value"),
    [
        (f"smtp://{HOST}", BOUNCES, "MX", f"10 {HOST}"),
        ("smtp://127.0.0.1", BOUNCES, "MX", f"10 news.{DOMAIN}"),
        ("smtp://smtp.postmarkapp.com", BOUNCES, "CNAME", "pm.mtasv.net"),
        ("smtp://email-smtp.eu-west-1.amazonaws.com", BOUNCES, "MX",
         "10 feedback-smtp.eu-west-1.amazonses.com"),
    ],
)  # fmt: skip
def test_bounces_go_to_the_relay_or_to_where_its_provider_takes_them(
    relay: str, bounces: str, kind: str, value: str
) -> None:
    found = told({}, sending(relay, bounces), "Bounce domain")
    assert (found.name, found.type, found.value) == (BOUNCES, kind, value)
    if kind == "CNAME":
        assert told({}, sending(relay, bounces), "SPF") is None, "nothing may stand beside it"


def test_bounces_that_are_fetched_from_a_mailbox_go_to_whoever_has_it() -> None:
    assert told({}, sending(bounces=BOUNCES, reads_a_mailbox=True), "Bounce domain") is None


def test_a_domain_that_takes_mail_keeps_its_exchangers() -> None:
    found = told({(DOMAIN, "MX"): ["5 mx.example.com."]}, sending(), "MX")
    assert (found.value, found.state) == ("10 mx.example.com", Standing.THERE)


def test_names_in_other_letters_are_written_as_dns_and_mail_servers_do(here: Path) -> None:
    typed = ("--from", "news@straße.example", "--base-url", "https://www.müller.example")
    with sink() as (relay, _):
        url = f"smtp://127.0.0.1:{relay.port}"
        said = run(*GIVEN, *typed, "--bounce-domain", "b.müller.example", "--relay", url)
    read = environment.load({}, Path(".env"))
    assert read["FROM_ADDRESS"] == "The Harbour <news@xn--strae-oqa.example>"
    assert (read["BASE_URL"], read["BOUNCE_DOMAIN"]) == (
        "https://www.xn--mller-kva.example", "b.xn--mller-kva.example",
    )  # fmt: skip
    assert {one["name"] for one in said["records"]} == {
        "b.xn--mller-kva.example",
        "digest._domainkey.xn--strae-oqa.example",
        "_dmarc.xn--strae-oqa.example",
    }
    assert all(one["value"].isascii() for one in said["records"])


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({(DOMAIN, "MX"): ["0 ."]}, "says that it takes no mail"),
        ({(DOMAIN, "A"): [ADDRESS]}, "bounces and answers go to the server at its A record"),
    ],
)
def test_mail_that_a_domain_takes_today_is_not_led_elsewhere(
    here: Path, monkeypatch: pytest.MonkeyPatch, there: Zone, words: str
) -> None:
    with knowing(there, monkeypatch), sink() as (relay, _):
        said = run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}")
    assert "MX" not in {one["type"] for one in said["records"]}
    assert words in finding(said, "Bounces to")["words"]


# ---- all of it ---------------------------------------------------------------------------------


def test_what_is_printed_can_be_pasted_and_then_all_is_there(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sink() as (relay, _):
        given = (*GIVEN, "--bounce-domain", BOUNCES, "--relay", f"smtp://127.0.0.1:{relay.port}")
        printed = called("--no-input", *given, status=0)
        block = printed[printed.index(" IN ") - 60 :].partition("\nNext:")[0]
        block = "\n".join(line for line in block.splitlines() if " IN " in line)
        zone = dns.zone.from_text(f"@ 60 IN SOA ns. me. 1 1 1 1 1\n@ 60 IN NS ns.\n{block}", DOMAIN)
        origin = dns.name.from_text(DOMAIN)
        known: dict[tuple[str, str], list[str]] = dict(PAGES)
        for name, _ttl, data in zone.iterate_rdatas():
            whole = name.derelativize(origin).to_text(omit_final_dot=True)
            kind = dns.rdatatype.to_text(data.rdtype)
            known[(whole, kind)] = [data.to_text(origin=origin, relativize=False)]
        with knowing(known, monkeypatch):
            again = run(*given)
    assert {one["state"] for one in again["records"]} == {"there"}
    assert finding(again, "DNS")["words"] == "All 4 records are there."
    key = tags_of(record(again, "DKIM")["value"])["p"]
    assert key == tags_of(signing.signer().record)["p"]


def test_dns_that_does_not_answer_is_said_once_and_the_records_are_printed_all_the_same(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.doctor.names.LONGEST", 0.2)
    with knowing({}, monkeypatch, silent=True), sink() as (relay, _):
        given = (*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}")
        own = run(*given)
        said = run(*given, "--bounce-domain", BOUNCES)
    assert {one["state"] for one in said["records"]} == {"unknown"}
    assert [one["type"] for one in said["records"]] == ["TXT", "TXT", "TXT", "MX"]
    assert "MX" not in {one["type"] for one in own["records"]}, "the domain may well have mailboxes"
    assert "two make both void" in record(own, "SPF")["why"]
    assert "before you paste" in finding(own, "DNS")["mend"]
    assert "No name server answers" in finding(said, "DNS")["words"]
