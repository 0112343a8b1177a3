"""Lists that somebody made to break the import: a row is refused, the rest comes in."""

import io
import json
import struct
import zipfile
from typing import Any

import pytest

from digest.errors import Refused
from digest.models import Topic
from subscribers import importing, people_json
from subscribers.models import Subscriber

pytestmark = pytest.mark.both_databases

BEA = {
    "email": "bea@example.org",
    "subscriptions": [{"topic": "medias-ai-pivot", "state": "confirmed"}],
}


def load(raw: bytes, **how: Any) -> importing.Report:
    return importing.load(io.BytesIO(raw), "list", topics=["medias-ai-pivot"], **how)


def document(*people: str) -> bytes:
    return (people_json.HEAD + ",\n".join(people) + people_json.TAIL).encode()


def packed(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


BROKEN = {
    "a time without a zone": {"joined": "2026-01-01T00:00:00"},
    "a time that no database has": {"joined": "0001-01-01T00:00:00+14:00"},
    "a tag that is too long": {"tags": ["x" * 101]},
    "half a character": {"name": "\ud800"},
    "half a character as a tag": {"tags": ["\ud800"]},
    "half a character in an attribute": {"attributes": {"a": "\ud800"}},
    "a name of two lines": {"name": "Bea\nBcc: bo@example.org"},
    "an attribute's name with a quote": {"attributes": {'"': "x"}},
    "NUL in an attribute's name": {"attributes": {"a\0": "x"}},
    "a zone that isn't one": {"zone": "../../etc/passwd"},
    "no country": {"country": "7;"},
    "a long source of a consent": {
        "subscriptions": [
            {
                "topic": "medias-ai-pivot",
                "state": "confirmed",
                "consents": [
                    {
                        "way": "form",
                        "wording": "Yes",
                        "source": "x" * 201,
                        "at": "2026-01-01T00:00:00Z",
                    }
                ],
            }
        ]
    },
    "a number of thousands of digits": "9" * 5_000,
    "nested beyond measure": '{"email": ' * 50_000,
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN.keys())
def test_one_person_who_can_t_be_kept_keeps_no_other_out(pivot: Topic, said: Any) -> None:
    bo = json.dumps(BEA | {"email": "bo@example.org"})
    broken = said if isinstance(said, str) else json.dumps(BEA | said)
    report = load(document(broken, bo))
    assert ([one.line for one in report.rejected], report.created) == ([2], 1)
    assert [str(one) for one in Subscriber.objects.all()] == ["bo@example.org"]


def test_an_attribute_is_kept_as_text_whatever_it_was(pivot: Topic) -> None:
    load(document(json.dumps(BEA | {"attributes": {"age": 7, "likes": {"tea": [1]}}})))
    assert Subscriber.objects.get().attributes == {"age": "7", "likes": '{"tea": [1]}'}


def test_half_a_character_in_a_column_of_attributes_refuses_its_row_alone(pivot: Topic) -> None:
    rows = 'email,attributes\nbea@example.org,"{""a"": ""\\ud800""}"\nbo@example.org,\n'
    report = load(rows.encode(), format="listmonk")
    assert ([one.line for one in report.rejected], report.created) == ([2], 1)


def test_an_archive_that_lies_about_what_it_holds_is_refused_in_words(pivot: Topic) -> None:
    content = b"email\n" + b"a@example.org\n" * 10
    honest = packed("list.csv", content)
    short = honest.replace(struct.pack("<I", len(content)), struct.pack("<I", 5))
    for lie in (short, honest.replace(honest[14:18], b"\1\2\3\4")):
        with pytest.raises(Refused, match="nothing was imported"):
            load(lie)


def test_an_archive_that_is_damaged_far_down_says_where(pivot: Topic) -> None:
    honest = packed("list.json", document(*[json.dumps(BEA)] * 5_000))
    report = load(honest.replace(honest[14:18], b"\1\2\3\4"))
    assert "the archive is damaged here" in report.rejected[-1].why


def test_an_entry_that_is_not_where_the_archive_says_is_refused_in_words(pivot: Topic) -> None:
    lie = packed("list.csv", b"email\na@example.org\n").replace(b"list.csv", b"tsil.csv", 1)
    with pytest.raises(Refused, match="damaged; nothing was imported"):
        load(lie)
