"""The candidate's addresses."""

from __future__ import annotations

from channels.auth import AuthMiddlewareStack
from channels.sessions import CookieMiddleware
from django.urls import path

from delivery.candidate import (
    ahead,
    appearance,
    browser,
    consumers,
    drafts,
    elsewhere,
    endings,
    entrance,
    files,
    hello,
    items,
    lobby,
    looking,
    pauses,
    receipts,
    remarks,
    signals,
    uploads,
)

app_name = "candidate"

urlpatterns = [
    path("", lobby.home, name="home"),
    path("sessions/appearance/<str:version>.css", appearance.sheet, name="appearance"),
    path("signin/", entrance.sign_in, name="sign_in"),
    path("signout/", entrance.sign_out, name="sign_out"),
    path("launch/<str:token>/", entrance.launch, name="launch"),
    path("sittings/<int:enrolment_id>/", lobby.start, name="start"),
    path("sittings/<int:enrolment_id>/preflight/", lobby.tell_preflight, name="preflight"),
    path("browser/quit/", browser.leave, name="browser_quit"),
    path("browser/file/<str:token>/exam.seb", browser.file, name="seb_file"),
    path("browser/<int:enrolment_id>/", browser.check, name="browser"),
    path("browser/<int:enrolment_id>/seen/", browser.seen, name="browser_seen"),
    path("browser/<int:enrolment_id>/launch/", browser.launch, name="browser_launch"),
    path("browser/<int:enrolment_id>/<str:nonce>/", browser.ask, name="browser_nonce"),
    path("sessions/<uuid:session_id>/", lobby.resume, name="resume"),
    path("sessions/<uuid:session_id>/items/<str:key>/", items.item, name="item"),
    path("sessions/<uuid:session_id>/items/<str:key>/onward/", items.onward, name="onward"),
    path("sessions/<uuid:session_id>/items/<str:key>/comment/", remarks.save, name="comment"),
    path("sessions/<uuid:session_id>/items/<str:key>/files/", uploads.take, name="hand_in"),
    path(
        "sessions/<uuid:session_id>/items/<str:key>/files/<str:digest>/",
        uploads.show,
        name="handed_in",
    ),
    path("sessions/<uuid:session_id>/look/<str:key>/", looking.look, name="look"),
    path("sessions/<uuid:session_id>/parts/<str:part>/", looking.part_over, name="part_over"),
    path("sessions/<uuid:session_id>/assets/<str:key>/<path:href>", files.asset, name="asset"),
    path("sessions/<uuid:session_id>/test-assets/<path:href>", files.test_asset, name="test_asset"),
    path("sessions/<uuid:session_id>/map/", items.item_map, name="map"),
    path("sessions/<uuid:session_id>/review/", endings.review, name="review"),
    path("sessions/<uuid:session_id>/part/", endings.end_part, name="end_part"),
    path("sessions/<uuid:session_id>/submit/", endings.submit, name="submit"),
    path("sessions/<uuid:session_id>/receipt/", receipts.receipt, name="receipt"),
    path("sessions/<uuid:session_id>/receipt/file/", receipts.file, name="receipt_file"),
    path("verify/", receipts.verify, name="verify"),
    path("verify/verify.py", receipts.verifier, name="verifier"),
    path("verify/<str:code>/", receipts.verify_code, name="verify_code"),
    path("sessions/<uuid:session_id>/result/", endings.result, name="result"),
    path("sessions/<uuid:session_id>/paused/", pauses.paused, name="paused"),
    path("sessions/<uuid:session_id>/help/", signals.ask_help, name="help"),
    path(
        "sessions/<uuid:session_id>/messages/<int:message_id>/",
        signals.acknowledge,
        name="acknowledge",
    ),
    path("sessions/<uuid:session_id>/save/", signals.save, name="save"),
    path("sessions/<uuid:session_id>/claim/", signals.claim, name="claim"),
    path("sessions/worker.js", ahead.worker, name="worker"),
    path("sessions/<uuid:session_id>/ahead/", ahead.index, name="ahead"),
    path("sessions/<uuid:session_id>/ahead/back/", ahead.back, name="back"),
    path("sessions/<uuid:session_id>/ahead/items/<str:key>/", ahead.item, name="ahead_item"),
    path("sessions/<uuid:session_id>/offline/", ahead.offline, name="offline"),
    path("sessions/<uuid:session_id>/signin/", entrance.again, name="again"),
    path("sessions/<uuid:session_id>/drafts/", drafts.review, name="drafts"),
    path("sessions/<uuid:session_id>/left/", signals.left, name="left"),
    path("sessions/<uuid:session_id>/elsewhere/", elsewhere.ask, name="elsewhere"),
    path("sessions/<uuid:session_id>/timer/", signals.timer, name="timer"),
    path("sessions/<uuid:session_id>/events/", signals.events, name="events"),
]

websocket_urlpatterns = [
    path("ws/hello/", AuthMiddlewareStack(hello.HelloConsumer.as_asgi())),
    path("ws/delivery/<uuid:session_id>/", CookieMiddleware(consumers.CandidateConsumer.as_asgi())),
]
