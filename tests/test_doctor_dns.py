"""What the doctor reads in DNS, as receivers read it."""

from typing import Any

import pytest

from tests.doctoring import DKIM, DMARC, RELAY, SPF, of_sender, only, troubles, zone
from tests.nameserver import serving
from tests.signing import signed
from workers.doctor import dmarc, examination, senders
from workers.doctor.finding import Area, Grade
from workers.doctor.names import Names
from workers.doctor.senders import Sender
from workers.letters import signer_of

__all__ = ["signed"]  # fixtures


def test_a_sender_whose_dns_is_as_it_should_be_is_well(signed: bytes) -> None:
    found = of_sender(zone())
    assert troubles(found) == []
    assert [one.about.partition(" ")[0] for one in found] == ["SPF", "DKIM", "DMARC", "Bounces"]


@pytest.mark.parametrize(
    ("record", "grade", "words"),
    [
        ([], Grade.BAD, "no SPF record"),
        (['"v=spf1 -all"', '"v=spf1 mx -all"'], Grade.BAD, "2 SPF records"),
        (['"v=spf1 ip4:198.51.100.7 -all"'], Grade.BAD, f"does not name the relay's {RELAY}"),
        ([f'"v=spf1 ip4:{RELAY} +all"'], Grade.LOOK, "lets everybody send"),
        ([f'"v=spf1 ip4:{RELAY}"'], Grade.LOOK, "ends in nothing"),
        ([f'"v=spf1 ?ip4:{RELAY} -all"'], Grade.BAD, f"does not name the relay's {RELAY}"),
        (['"v=spf1 ip4:nonsense -all"'], Grade.BAD, "ip4:nonsense is no network"),
        (['"v=spf1 a:mail.example.org/33 -all"'], Grade.BAD, "/33 is no network"),
        (['"v=spf1 a:mail.example.org/27 -all"'], Grade.BAD, f"does not name the relay's {RELAY}"),
        (['"v=spf1 include:gone.example.net -all"'], Grade.BAD, "has no SPF record"),
        (['"v=spf1 include:news.example.org -all"'], Grade.BAD, "more than 10 look-ups"),
    ],
)
def test_an_spf_record_is_read_as_receivers_read_it(
    signed: bytes, record: list[str], grade: Grade, words: str
) -> None:
    near = {("mail.example.org", "A"): ["192.0.2.200"]}
    found = only(of_sender(zone() | near | {SPF: record}))
    assert found.grade is grade
    assert words in found.words


def test_an_spf_record_may_name_the_relay_by_what_it_includes_and_by_names(signed: bytes) -> None:
    beyond = zone() | {
        SPF: ['"v=spf1 include:spf.example.net -all"'],
        ("spf.example.net", "TXT"): ['"v=spf1 redirect=all.example.net"'],
        ("all.example.net", "TXT"): ['"v=spf1 mx:example.net ?all"'],
        ("example.net", "MX"): ["10 mx.example.net."],
        ("mx.example.net", "A"): [RELAY],
    }
    assert troubles(of_sender(beyond)) == []


@pytest.mark.parametrize("term", ["a:mail.example.org/24", "mx/24//64", "a//64 a/24", "mx/0"])
def test_an_spf_record_names_what_is_around_a_host_as_far_as_it_says(
    signed: bytes, term: str
) -> None:
    near = {(host, "A"): ["192.0.2.200"] for host in ("mail.example.org", "news.example.org")}
    around = (
        zone() | near | {SPF: [f'"v=spf1 {term} -all"'], ("mx.example.net", "A"): ["192.0.2.9"]}
    )
    assert troubles(of_sender(around)) == []


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "no record"),
        (['"v=DKIM1; k=rsa; p=MIIBIjANBg"'], "not that of the key that signs"),
        (["{right}", '"v=DKIM1; p=abc"'], "2 records"),
        (['"v=DKIM1; p="'], "the key is withdrawn"),
        (['"h=sha1; " {right}'], "does not allow SHA-256 (h=sha1)"),
        (['"s=tlsrpt; " {right}'], "is not for mail (s=tlsrpt)"),
    ],
)
def test_a_dkim_record_must_be_that_of_the_key_that_signs(
    signed: bytes, records: list[str], words: str
) -> None:
    right = zone()[DKIM][0]
    found = only(of_sender(zone() | {DKIM: [one.replace("{right}", right) for one in records]}))
    assert found.grade is Grade.BAD
    assert words in found.words


def test_a_dkim_record_that_is_on_trial_is_to_be_looked_at(signed: bytes) -> None:
    found = only(of_sender(zone() | {DKIM: [f'"t=y; " {zone()[DKIM][0]}']}))
    assert (found.grade, "trial (t=y)" in found.words) == (Grade.LOOK, True)


def test_the_record_to_paste_is_the_one_that_is_missing(signed: bytes) -> None:
    told = only(of_sender(zone() | {DKIM: []})).mend
    pasted = told.partition(": ")[2]
    assert troubles(of_sender(zone() | {DKIM: [f'"{pasted[:200]}" "{pasted[200:]}"']})) == []


def test_mails_that_nobody_signs_are_to_be_looked_at(settings: Any) -> None:
    found = only(of_sender(zone()))
    assert found.grade is Grade.LOOK
    assert "signs nothing" in found.words


@pytest.mark.parametrize(
    ("record", "bounces", "words"),
    [
        ([], "news.example.org", "no DMARC record"),
        (['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], "news.example.org", "2 records"),
        (['"v=DMARC1; p=reject; adkim=s; aspf=s"'], "bounces.example.org", "(adkim=s, aspf=s): D"),
        (['"v=DMARC1; p=quarentine"'], "news.example.org", "the policy “quarentine”, which is no"),
    ],
)
def test_dmarc_needs_one_record_and_a_from_that_something_proves(
    signed: bytes, record: list[str], bounces: str, words: str
) -> None:
    known = zone() | {
        DMARC: record,
        ("bounces.example.org", "TXT"): zone()[SPF],
        ("bounces.example.org", "MX"): ["10 mx.example.net."],
    }
    found = only(of_sender(known, bounces))
    assert found.grade is Grade.BAD
    assert words in found.words


def test_a_policy_of_the_domain_above_holds_and_one_of_all_who_register_there_does_not(
    signed: bytes,
) -> None:
    above = ["v=DMARC1; p=none; sp=quarantine"]
    with serving(
        {DMARC: [f'"{above[0]}"'], ("_dmarc.co.uk", "TXT"): ['"v=DMARC1; p=reject"']}
    ) as at:
        names = Names(at)
        assert dmarc.policy(names, "a.news.example.org") == ("example.org", above)
        assert dmarc.policy(names, "harbour.co.uk") == ("harbour.co.uk", [])
        (found,) = dmarc.examine(names, "news.example.org", signing="example.org", bounces="x.net")
    assert found.words == "p=quarantine; the From agrees with what DKIM proves."


@pytest.mark.parametrize(
    ("sender", "proven", "strict", "is_one"),
    [
        ("news.example.org", "bounces.example.org", False, True),  # both are of example.org
        ("news.example.org", "example.org", True, False),
        ("Example.org", "example.org", True, True),
        ("harbour.co.uk", "wharf.co.uk", False, False),
        ("harbour.co.uk", "co.uk", False, False),
        ("a.harbour.invalid", "b.harbour.invalid", False, True),  # an end that no list knows
        ("example.org", "", False, False),
    ],
)
def test_a_from_agrees_with_what_is_proven_where_one_organisation_registered_both(
    sender: str, proven: str, strict: bool, is_one: bool
) -> None:
    assert dmarc.is_aligned(sender, proven, strict=strict) is is_one


def test_bounces_need_a_domain_that_takes_mail(signed: bytes) -> None:
    none = only(of_sender({key: of for key, of in zone().items() if key[1] != "MX"}))
    assert "takes no mail" in none.words
    null = only(of_sender({key: ["0 ."] if key[1] == "MX" else of for key, of in zone().items()}))
    assert "says that it takes no mail" in null.words


def test_a_name_server_that_does_not_answer_says_nothing_of_the_records(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.doctor.names.LONGEST", 0.2)
    with serving({}, silent=True) as server:
        sender = Sender("news.example.org", "news.example.org", [], signer_of("example.org"))
        found = list(senders.examine(Names(server), sender))
    assert {one.grade for one in found} == {Grade.UNKNOWN}
    kinds = ["SPF", "DKIM", "DMARC", "Bounces"]
    assert [one.about.partition(" ")[0] for one in found] == kinds, "each keeps its name"
    assert [one.words.startswith("No name server answered before") for one in found] == [
        False, False, True, True,
    ], "nobody waits for the third"  # fmt: skip


def test_what_others_wrote_into_dns_is_told_as_a_terminal_and_a_database_take_it() -> None:
    record = [r'"v=DMARC1; p=\027[2J\000' + 60 * "ab" + '" ' + 60 * f'"{200 * "z"}" ']
    with serving(zone() | {DMARC: record}) as server:
        heard = dmarc.examine(
            Names(server), "news.example.org", signing="example.org", bounces="x.net"
        )
        (found,) = [examination.fit_to_tell(one, Area.DNS) for one in heard]
    assert "�[2J�ab" in found.words
    assert (found.words + found.mend).isprintable()
    assert len(found.words + found.mend) < 10_000
