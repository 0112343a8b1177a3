"""Whole mails to look at and to measure: usual, full, of one story, right to left, and the rest."""

import datetime as dt

from digest.parts import Analysis, Consequence, Image, Perspective, Source
from digest.rendering import markup
from digest.rendering.view import (
    Change,
    CorrectionView,
    Logo,
    PartnerView,
    UpdateLink,
    View,
    WelcomeView,
)
from tests import emails

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
LONG_ADDRESS = "https://a.example.org/" + "x" * 120
ODD = "A" * 40 + " " + LONG_ADDRESS
LOGO = Logo(url=f"{emails.BASE}/pictures/logo.png", width=158, height=40)
CRANE = Image(url="https://a.example.org/crane.jpg", alt="A crane over the harbour, at dawn")
FULL_BODY = f"""\
### What was said

- {ODD}
- a second point, and [a link]({LONG_ADDRESS})[^1]

> We were asked to read the terms, and did.

```
{ODD}
```

[^1]: From the register of companies, [extract 12]({LONG_ADDRESS}).
"""

USUAL = emails.update()

FULL = emails.update(
    emails.lead(1, sources=(*emails.lead().sources, Source(name="Example Gazette")), image=CRANE),
    emails.carried(2),
    emails.lead(3, headline=ODD, body=markup.render(FULL_BODY, "s3"), status=""),
    emails.story(4, headline="Serie A streams free on a phone app", tag="Sport"),
    emails.story(5, headline=LONG_WORD, tag=LONG_WORD, status=LONG_WORD, kind="continuing"),
    emails.carried(6, headline="Studios ask for receipts", depth="brief", key_takeaway=""),
    emails.brief(7, headline="Labels split over training opt-outs", status=""),
    emails.brief(8, headline="A wire service marks its machine translations"),
    corrections=(
        emails.story(
            9,
            anchor="c9",
            kind="correction",
            headline="How many archives were sold",
            summary="Update #1 said that eleven archives were sold. It was seven.",
            key_takeaway="",
            status="",
        ),
    ),
    missed=(
        UpdateLink(number=1, title="Cutting rooms listen", url=f"{emails.BASE}/t/x/1/"),
        UpdateLink(number=2, title=ODD, url=f"{emails.BASE}/t/x/2/"),
    ),
    perspectives=(
        Perspective(
            party="Public broadcasters",
            text="Would rather share one archive model than rent seven. A joint tender is due in "
            "the autumn.",
        ),
        Perspective(party="Example Union of Journalists", text="Asks for a say in every licence."),
    ),
    partner=PartnerView(
        label="Partner",
        name="Example Harbour Films",
        text=markup.render_plainly(
            "We rent our tools, and [sleep well](https://films.example.org/).", "partner"
        ),
        url="https://films.example.org/offer",
        site="films.example.org",
        place="first",
        picture=LOGO,
        alt="A quay at night",
    ),
    provisional=True,
    number=3,
    reading_minutes=14,
    topic=USUAL.topic.model_copy(update={"accent": "#006b4f", "logo": LOGO}),
)

ONE = emails.update(
    emails.carried(
        1,
        headline="Cutting rooms listen",
        first_reported=UpdateLink(number=2, title="Told elsewhere", date=dt.date(2025, 12, 3)),
    ),
    title="Cutting rooms listen at last",
    number=4,
    note=None,
    reading_minutes=1,
    topic=USUAL.topic.model_copy(update={"accent": "#1d4f8f", "name": "Broadcast"}),
)

_ARABIC_BODY = """\
ظهرت الوحدة في إعلانات الوظائف لا في بيان صحفي، وهو الترتيب نفسه الذي
عُرفت به تعيينات العام الماضي.[^1]
وتبدأ بأفلام قصيرة من خمس دقائق إلى اثنتي عشرة دقيقة.

[^1]: صفحة الوظائف، قُرئت في 16 مايو.
"""

ARABIC = emails.update(
    emails.lead(
        1,
        headline="خدمة بث تبني استوديو خاصاً بها",
        tag="الصناعة",
        status="قيد التطور",
        summary="تدير شركة بث استوديو للرسوم المتحركة يقوم على أدوات توليدية داخل قسمها القائم. "
        "سبع وظائف شاغرة، ولا واحدة منها تذكر مورّداً خارجياً.",
        key_takeaway="البناء لا الشراء هو النهج الآن؛ وعلى المورّدين أن يبيعوا طبقات لا شعارات.",
        body=markup.render(_ARABIC_BODY, "s1"),
        analysis=Analysis(
            plain_english="تريد الشركة صنع الرسوم المتحركة بكلفة أقل وبأدوات تملكها.",
            next=(
                Consequence(kind="المعنى", text="الاستوديو المدرَّب على مكتبته يملك قدرة لا تُشترى."),
            ),
        ),
        perspectives=(Perspective(party="نقابة الرسامين", text="تريد مقعداً قبل جدول الخريف."),),
        sources=(
            Source(
                name="وكالة المثال", date=dt.date(2026, 5, 16), url="https://wire.example.org/9"
            ),
            Source(name="Paper of Record", date=dt.date(2025, 12, 30)),
        ),
    ),
    emails.carried(
        2,
        headline="برنامج المونتاج يجيب بكلمات بسيطة",
        tag="الأدوات",
        status="قيد التطور",
        summary="يستطيع المحررون الآن طلب نسخة أولية بالكلمات.",
        key_takeaway="غرفة المونتاج هي حيث تُوفَّر الساعات الأولى وتُحسب.",
        changed_since=Change(number=1, sentence="شغّلته أول هيئة بث، والأسعار الآن معلنة."),
        first_reported=UpdateLink(
            number=1,
            title="غرف المونتاج تصغي",
            date=dt.date(2026, 5, 3),
            url=f"{emails.BASE}/t/medias-ai-pivot/1/",
        ),
        sources=(),
    ),
    emails.brief(
        3,
        headline="الدوري يبث مباراة كل أسبوع مجاناً عبر Example App 2",
        tag="الرياضة",
        status="",
        summary="تبث الرابطة مباراة واحدة في الأسبوع بلا مقابل.",
    ),
    lang="ar",
    dir="rtl",
    title="استوديو جديد بلا مورّد؛ وغرف المونتاج تصغي",
    subject="استوديو جديد بلا مورّد؛ وغرف المونتاج تصغي",
    preheader="خدمة بث تبني استوديو خاصاً بها",
    note=markup.render(
        "صفقتان هذا الأسبوع تسعّران غرف الأخبار بما تستطيع أرشيفاتها تعليمه.", "note"
    ),
    topic=USUAL.topic.model_copy(update={"name": "تحوّل الإعلام"}),
)

CORRECTION = CorrectionView(
    topic=USUAL.topic,
    imprint=emails.IMPRINT,
    subject="Correction: seven archives were sold, not eleven",
    preheader="What we got wrong in Update #1",
    date=dt.date(2026, 5, 18),
    update=UpdateLink(
        number=1,
        title="Cutting rooms listen",
        date=dt.date(2026, 5, 3),
        url=f"{emails.BASE}/t/x/1/",
    ),
    text=markup.render("We said that **eleven** archives were sold. It was seven.", "correction"),
    stories=(emails.story(1, kind="correction", headline="How many archives were sold"),),
)

WELCOME = WelcomeView(
    topic=USUAL.topic.model_copy(update={"logo": LOGO}),
    imprint=emails.IMPRINT,
    subject="You are subscribed to Media's AI Pivot",
    preheader="What comes, and when",
    description="What machines that write, draw and film do to those who live by it.",
    items=6,
    minutes=6,
    next_at=dt.datetime(2026, 5, 24, 14, tzinfo=dt.UTC),
    latest=UpdateLink(
        number=2, title=USUAL.title, date=dt.date(2026, 5, 17), url=f"{emails.BASE}/t/x/2/"
    ),
)

MAILS: dict[str, View] = {
    "usual": USUAL,
    "full": FULL,
    "one": ONE,
    "arabic": ARABIC,
    "correction": CORRECTION,
    "welcome": WELCOME,
    "confirmation": emails.confirmation(),
}
