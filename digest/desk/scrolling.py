"""How the draft's live preview keeps its place while the next rendering takes the last one's.

The frame has no origin, so that the page around it can neither read nor set how far it is scrolled.
A script of ours in it tells and is told; its policy, by the script's hash, lets no other run.
"""

import base64
import hashlib

from django.http import HttpRequest, HttpResponse

SCRIPT = (
    'addEventListener("scroll",()=>parent.postMessage({scrolled:scrollY},"*"),{passive:true});'
    'addEventListener("message",(event)=>{'
    "if(event.source!==parent||!Number.isFinite(event.data?.scroll))return;"
    'scrollTo(0,event.data.scroll);parent.postMessage({scrolled:scrollY},"*")});'
)
_HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()


def kept(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The framed page, with the script where the draft's page asks for it (``live``)."""
    if "live" in request.GET:
        page = response.content.decode()
        response.content = page.replace("</head>", f"<script>{SCRIPT}</script></head>", 1)
        policy = response["Content-Security-Policy"]
        policy = policy.replace("sandbox ", "sandbox allow-scripts ")
        response["Content-Security-Policy"] = f"script-src 'sha256-{_HASH}'; {policy}"
    return response
