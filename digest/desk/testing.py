"""Test mails of the draft, to oneself and to colleagues."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_POST

from digest import requesting
from digest.desk.posts import doing, draft_or_404
from digest.staff import WRITERS, role_required


@require_POST
@role_required(*WRITERS)
def test(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Ask for test mails of the draft."""
    found, update = draft_or_404(topic)
    addresses = request.POST.get("addresses", "").replace(",", " ").replace(";", " ").split()
    return doing(
        request,
        found,
        lambda by: requesting.request_test(update, addresses, by),
        "Asked for. The test is in the inbox within seconds, marked [Test].",
        "test",
    )
