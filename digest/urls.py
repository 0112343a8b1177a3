"""The addresses of the archive, of signing in and of the desk."""

from django.urls import path

from digest import signing_in
from digest.api.briefings import api
from digest.archive import pictures
from digest.archive import views as archive
from digest.desk import (
    approved,
    approving,
    briefings,
    came_in,
    drafts,
    history,
    home,
    items,
    partner,
    preview,
    sources,
    testing,
    topic_pages,
    updates,
)

urlpatterns = [
    # public: what was sent
    path("", archive.home),
    path("t/<slug:topic>/", archive.topic),
    path("t/<slug:topic>/feed.xml", archive.atom),
    path("t/<slug:topic>/feed.json", archive.json_feed),
    path("t/<slug:topic>/<int:number>/", archive.update),
    path("t/<slug:topic>/<int:number>/<slug:slug>/", archive.briefing),
    path("t/<slug:topic>/<int:number>/since/<int:earlier>/", archive.since),
    path("t/<slug:topic>/parties/<slug:party>/", archive.party),
    path("pictures/<str:hash>.png", pictures.picture),
    # programs with a token
    path("api/", api.urls),
    # staff: signing in
    path("login/", signing_in.sign_in),
    path("logout/", signing_in.sign_out),
    path("login/link/<str:uid>/<str:token>/", signing_in.one_time),
    # editors and publishers
    path("desk/", home.home),
    path("desk/new/", topic_pages.new),
    path("desk/<slug:topic>/", home.topic),
    path("desk/<slug:topic>/write/", briefings.write),
    path("desk/<slug:topic>/rows/<slug:name>/", briefings.row),
    path("desk/<slug:topic>/briefings/", briefings.briefings),
    path("desk/<slug:topic>/briefings/<slug:slug>/", briefings.briefing),
    path("desk/<slug:topic>/briefings/<slug:slug>/withdraw/", briefings.withdraw),
    path("desk/<slug:topic>/briefings/<slug:slug>/put-back/", briefings.put_back),
    path("desk/<slug:topic>/briefings/<slug:slug>/release/", briefings.release),
    path("desk/<slug:topic>/updates/", updates.updates),
    path("desk/<slug:topic>/settings/", topic_pages.settings),
    path("desk/<slug:topic>/settings/look/", topic_pages.look),
    path("desk/<slug:topic>/settings/mail/", topic_pages.mail),
    path("desk/<slug:topic>/settings/logo/", topic_pages.logo),
    path("desk/<slug:topic>/settings/save/", topic_pages.save),
    path("desk/<slug:topic>/sources/", sources.sources),
    path("desk/<slug:topic>/sources/<int:number>/", sources.source),
    path("desk/<slug:topic>/draft/", drafts.draft),
    path("desk/<slug:topic>/draft/standing/", home.draft),
    path("desk/<slug:topic>/draft/assemble/", drafts.assemble),
    path("desk/<slug:topic>/draft/discard/", drafts.discard),
    path("desk/<slug:topic>/draft/words/", drafts.reword),
    path("desk/<slug:topic>/draft/items/<slug:slug>/", items.item),
    path("desk/<slug:topic>/draft/sections/", items.section),
    path("desk/<slug:topic>/draft/undo/", items.take_back),
    path("desk/<slug:topic>/draft/came-in/", came_in.came_in),
    path("desk/<slug:topic>/draft/preview/", preview.of_draft),
    path("desk/<slug:topic>/draft/history/", history.of_draft),
    path("desk/<slug:topic>/draft/history/<int:version>/restore/", history.restore),
    path("desk/<slug:topic>/draft/compare/", preview.compare_draft),
    path("desk/<slug:topic>/draft/test/", testing.test),
    path("desk/<slug:topic>/draft/partner/", partner.partner),
    path("desk/<slug:topic>/<int:number>/", approved.update),
    path("desk/<slug:topic>/<int:number>/preview/", preview.of_update),
    path("desk/<slug:topic>/<int:number>/history/", history.of_update),
    path("desk/<slug:topic>/<int:number>/compare/", preview.compare_update),
    # publishers
    path("desk/<slug:topic>/draft/approve/", approving.approve),
    path("desk/<slug:topic>/<int:number>/unapprove/", approved.unapprove),
]
