"""The briefing's form as a browser without scripts has it."""

import html as entities
import re

from django.http import HttpResponse


def text(answer: HttpResponse) -> str:
    """The page, with its entities as characters."""
    return entities.unescape(answer.content.decode())


def form_of(html: str) -> dict[str, list[str]]:
    """What a browser would send from the form, as it stands: not what is in its templates."""
    form = html[html.index('<form id="briefing"') :]
    form = re.sub(r"<template.*?</template>", "", form[: form.index("</form>")], flags=re.DOTALL)
    sent: dict[str, list[str]] = {}
    for tag in re.finditer(r"<input[^>]*>|<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL):
        name = re.search(r'name="([^"]+)"', tag[0])
        value = re.search(r'value="([^"]*)"', tag[0])
        if name and 'type="file"' not in tag[0]:
            raw = tag[1].removeprefix("\n") if tag[1] is not None else value[1] if value else ""
            sent.setdefault(name[1], []).append(entities.unescape(raw))
    return sent
