"""Sixty and more sample updates, from the usual to the hostile: our own words, plainly fictional.

Each is what a newsroom would hand in (briefings, topic, wording), so that everything between
that and the bytes of a message takes part.  ``written`` puts one into the database.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from digest.depths import Depth
from digest.models import Item, Kind, Topic, Update
from tests import newsroom

INJECTED = "{{ ''.__class__.__mro__ }}{{ 7*7 }}{% for i in range(10**9) %}"
SCRIPTED = '<script>alert(1)</script><img src=x onerror=alert(1)>"\' onload=alert(1) x="'
SMUGGLED = "The end\n.\nMAIL FROM:<eve@example.org>\n\n.\n\nFrom eve\n..\n.DATA"
SENTENCE = "The harbour board met in the old customs house and agreed on the tolls. "


@dataclass(frozen=True)
class Sample:
    """Briefings of one update, and what else is out of the ordinary about it.

    ``refused``: a pattern of the refusal, where it can't be rendered as arranged or in full.
    """

    briefings: tuple[dict[str, Any], ...]
    topic: dict[str, Any] = field(default_factory=dict)
    update: dict[str, Any] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()
    refused: str = ""


def story(headline: str = "A pier reopens", **parts: Any) -> dict[str, Any]:
    """A briefing with everything; ``parts`` replace what it says."""
    return newsroom.WHOLE | {"headline": headline, "short_headline": ""} | parts


def plain(headline: str, **parts: Any) -> dict[str, Any]:
    """A briefing of a headline and a summary."""
    said = {"headline": headline, "summary": f"{headline}. More is known on Friday."}
    return said | {"published_at": newsroom.MAY} | parts


def everywhere(text: str, **more: Any) -> Sample:
    """The same text in every part of a briefing and of the update."""
    line = " ".join(text.split())
    one = story(
        line,
        short_headline=line,
        tag=line,
        status=line,
        summary=text,
        key_takeaway=text,
        body=f"{text}\n\nAnd a note.[^1]\n\n[^1]: {line}",
        sources=[{"name": line, "date": "2026-05-17", "url": "https://wire.example.org/?a=1&b=2"}],
        analysis={
            "plain_english": text,
            "root_causes": text,
            "next": [{"kind": line, "text": text}],
        },
        perspectives=[{"party": line, "text": text}],
        image={"url": "https://pictures.example.org/1.png", "alt": line},
        first_reported_in={"update": 1, "title": line},
    )
    wording = {"title": line, "subject": line, "preheader": line, "note": text}
    more["topic"] = {"pictures": True} | more.get("topic", {})
    return Sample((one, plain("Tolls rise at the harbour")), update=wording, **more)


def body(text: str, **more: Any) -> Sample:
    """A lead with this body."""
    return Sample((story(body=text), plain("Tolls rise at the harbour")), **more)


def subject(text: str) -> Sample:
    """An update with this subject, as if it had been written past every door."""
    return Sample((story(),), update={"subject": text})


def several(count: int, make: Callable[[str], dict[str, Any]] = plain) -> Sample:
    """An update of so many items."""
    return Sample(tuple(make(f"Story {at} of the harbour") for at in range(1, count + 1)))


USUAL = Sample((story(), plain("Tolls rise at the harbour"), plain("A ferry is sold")))

LENGTHS = {
    "a headline of 300 characters": everywhere("Harbour " * 37 + "end."),
    "a word of 40 letters": everywhere("A" + "b" * 38 + "c and more"),
    "a word of 5,000 letters": body("w" * 5_000),
    "a headline and nothing else": Sample(
        ({"headline": "A pier reopens", "summary": "", "body": "", "published_at": newsroom.MAY},)
    ),
    "a briefing of 5,000 words": body("\n\n".join([SENTENCE * 10] * 36)),
    "a paragraph of 100,000 characters": body(SENTENCE * 1400),
    "more than a mail can hold": body(SENTENCE * 4_160, refused=r"'a-pier-reopens'.*300 kB"),
    "one item": several(1),
    "three items": several(3, story),
    "twelve items": several(12, story),
    "forty items": several(40),
    "fifty footnotes": body(
        " ".join(f"Said on the {n}th.[^{n}]" for n in range(50))
        + "\n\n"
        + "\n".join(f"[^{n}]: See <https://notes.example.org/{n}>." for n in range(50))
    ),
    "two hundred links": body(" ".join(f"[{n}](https://a.example.org/{n})" for n in range(200))),
    "an address of 1,900 characters": Sample(
        (story(url="https://a.example.org/" + "x" * 1_870, body="See it."),)
    ),
    "a subject of 500 characters": subject("Harbour " * 62),
    "no title, no subject": Sample((plain("A pier reopens"),), update={"title": ""}),
}

SCRIPTS = {
    "emoji": everywhere("Ferry ⛴️ and family 👩‍👩‍👧‍👦 under 🏴󠁧󠁢󠁳󠁣󠁴󠁿 with 👍🏽"),
    "Arabic": everywhere("أعاد الميناء فتح الرصيف، وارتفعت الرسوم ٣٪.", topic={"language": "ar"}),
    "Hebrew": everywhere("הרציף נפתח מחדש; האגרה עולה.", topic={"language": "he"}),
    "Arabic in an English update": everywhere("Pier (رصيف) reopens: نعم"),
    "Devanagari": everywhere("घाट फिर खुला, शुल्क बढ़ा।", topic={"language": "hi"}),
    "Japanese": everywhere("埠頭が再開し、通行料が上がる。", topic={"language": "ja"}),
    "Korean": everywhere("부두가 다시 열리고 통행료가 오른다."),
    "Thai": everywhere("ท่าเรือเปิดอีกครั้งและค่าธรรมเนียมสูงขึ้น", topic={"language": "th"}),
    "German": everywhere("Die Mole öffnet wieder; „größer“ denn je.", topic={"language": "de"}),
    "French": everywhere("Le quai rouvre ; « enfin » !", topic={"language": "fr"}),
    "combining marks": everywhere("Cafe\u0301 e\u0323\u0301 a\u0308 \u0301 n\u0303o"),
    "a tower of combining marks": everywhere("z" + "\u0300\u0316\u0334" * 60 + " end"),
    "letters beyond the first plane": everywhere("𝔘𝔭𝔡𝔞𝔱𝔢 𠀋𠂢 end"),
    "marks of direction": everywhere("safe\u202egnp.exe\u202c and \u2066x\u2069 \u200f."),
    "letters without width": everywhere("zero\u200bwidth\u200djoined\ufeffmark \u2060."),
}

SIGNS = {
    "smart quotes": everywhere("“It’s” ‘so’ — she said… «yes»"),
    "ampersands": everywhere("Salt & Sons &amp; Co &lt;b&gt; &copy &#x41; &nbsp;."),
    "less than": everywhere("1 < 2 > 1 <3 </td> <b> <!-- x --> end"),
    "NBSP": everywhere("12\u00a0km and\u202f%\u00a0more"),
    "soft hyphen": everywhere("Hafen\u00adbehörde and har\u00adbour"),
    "backslash": everywhere("C:\\new\\u{41}\\x \\u00a0 \\\\ end"),
    "quotes": everywhere('a "quoted" \'word\' ` and a "half'),
    "equals and dots": everywhere("=3D =\t= a=b . .. ...end= x"),
    "percent and braces": everywhere("100 % {} {0} %s %(x)s $x ${y} {x end"),
    "an encoded word": everywhere("=?utf-8?q?Bcc=3A_eve?= and =?x"),
    "a token of a mail": everywhere("__ABCDEFGHIJ_UNSUBSCRIBE_URL__ and __x__ end"),
    "boundaries": everywhere("--=_x\n--\n--boundary--\nContent-Type: text/html\n\nend"),
    "code": body("```\n" + "x = '<b>' & \"c\"   \\\n" * 20 + "y" * 200 + "\n```\n\n`a  b`"),
    "a table, headings and rules": body(
        "# A\n\n## B\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n\nx"
    ),
    "marks without notes": body("Said.[^1] Denied.[^x] [^2]\n\n[^3]: Never asked for."),
}

HOSTILE = {
    "template injection": everywhere(INJECTED),
    "scripts": everywhere(SCRIPTED),
    "svg and handlers": everywhere("<svg/onload=alert(1)><math><a xlink:href=javascript:x>y</a>"),
    "a style that ends": everywhere("</style><style>body{display:none}</style></title></head>"),
    "a comment for Outlook": everywhere("<!--[if mso]><script>x</script><![endif]--> end"),
    "CDATA and doctypes": everywhere("<![CDATA[x]]> <!DOCTYPE y [<!ENTITY z 'z'>]> &z; <?php ?>"),
    "MJML": everywhere("<mj-include path='/etc/passwd'/></mj-text></mj-column><mj-raw>x"),
    "javascript links": body("[a](javascript:alert(1)) [b](data:text/html,x) <javascript:x> end"),
    "links with quotes": body('[a](https://a.example.org/"onmouseover="x) end'),
    "smuggling": everywhere(SMUGGLED),
    "lines of dots": body(".\n\n..\n\n.x\n\nFrom me\n\n>From you"),
    "line ends in a subject": subject("Pier\r\nBcc: eve@example.org\r\n\r\nx"),
    "other line ends in a subject": subject("Pier\u2028Bcc: e@example.org\u2029\x85\x0b\x0c\x1cx"),
    "a NUL in a subject": subject("Pier\x01\x7f reopens"),
    "9,000 nested tags": body("<b>" * 9_000 + "x"),
    "9,000 nested quotes": body("> " * 9_000 + "x"),
    "9,000 nested emphases": body("*a **b " * 4_500),
    "9,000 open brackets": body("[" * 9_000 + "x"),
    "deep lists": body("\n".join("  " * at + "- x" for at in range(200))),
    "a billion laughs": body("&lol9; <!ENTITY lol9 '&lol8;&lol8;'> " * 200),
}

WHOLE = {
    "the usual": USUAL,
    "a missing picture": Sample(
        (story(image={"url": "https://gone.example.org/404.png", "alt": "A pier"}),),
        topic={"pictures": True},
    ),
    "a picture without words": Sample(
        (story(image={"url": "https://pictures.example.org/1.png", "alt": ""}),),
        topic={"pictures": True},
    ),
    "odd sources": Sample(
        (
            story(
                sources=[
                    {"name": "Ünïcode & Sons", "url": "https://bücher.example.org/ä?q=ü&x=%20#f"},
                    {"name": "x" * 200},
                    {"name": "<b>", "url": "http://a.example.org/'x'(y)[z]"},
                ]
            ),
        )
    ),
    "a view that several share": Sample((story("A pier reopens"), story("A ferry is sold"))),
    "a correction first": Sample(
        (plain("How many piers"), story()), kinds=(Kind.CORRECTION, Kind.NEW)
    ),
    "nothing but a correction": Sample((plain("How many piers"),), kinds=(Kind.CORRECTION,)),
    "a story carried on": Sample((story(), plain("Tolls")), kinds=(Kind.CONTINUING, Kind.NEW)),
    "a note": Sample((story(),), update={"note": "*Read* [this](https://a.example.org/).\n\n- x"}),
    "a topic with an odd name": Sample((story(),), topic={"name": 'Piers, "Ports" & <Häfen> ⛴'}),
    "a sender with an odd name": Sample(
        (story(),), topic={"from_address": '"Desk, Häfen (North)" <desk@mail.example.org>'}
    ),
    "nobody at the desk": Sample((story(),), update={"unattended": True}),
    "another accent": Sample((story(),), topic={"accent": "#006b4f"}),
}

SAMPLES: dict[str, Sample] = {**WHOLE, **LENGTHS, **SCRIPTS, **SIGNS, **HOSTILE}


def written(sample: Sample) -> Update:
    """The sample as a sent update #3 in the database, after one that told its carried stories."""
    topic = Topic.objects.create(slug="harbours", **{"name": "Ports and Piers", **sample.topic})
    wording = {"title": "A pier reopens; tolls rise", "preheader": "And a ferry is sold"}
    update = newsroom.update(topic, 3, **{**wording, **sample.update})
    before = newsroom.update(topic, 2, title="A pier is shut")
    kinds = (*sample.kinds, *[Kind.NEW] * len(sample.briefings))
    for at, (parts, kind) in enumerate(zip(sample.briefings, kinds, strict=False), 1):
        one = newsroom.briefing(topic, **parts)
        depth = Depth.LEAD if at == 1 else Depth.STANDARD if at <= 6 else Depth.BRIEF
        Item.objects.create(
            update=update,
            briefing=one,
            position=at,
            kind=kind,
            depth=depth,
            why="A sample.",
            changed_since=before if kind == Kind.CONTINUING else None,
            change="The council has voted." if kind == Kind.CONTINUING else "",
            frozen=one.data.model_dump(mode="json"),
        )
    return update
