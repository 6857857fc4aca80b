"""The candidate's addresses."""

from __future__ import annotations

from channels.auth import AuthMiddlewareStack
from channels.sessions import CookieMiddleware
from django.urls import include, path

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

# What a candidate's own session answers; the page, and what it sends again and again, first.
of_session = [
    path("items/<str:key>/", items.item, name="item"),
    path("save/", signals.save, name="save"),
    path("timer/", signals.timer, name="timer"),
    path("claim/", signals.claim, name="claim"),
    path("events/", signals.events, name="events"),
    path("left/", signals.left, name="left"),
    path("", lobby.resume, name="resume"),
    path("items/<str:key>/onward/", items.onward, name="onward"),
    path("items/<str:key>/comment/", remarks.save, name="comment"),
    path("items/<str:key>/files/", uploads.take, name="hand_in"),
    path("items/<str:key>/files/<str:digest>/", uploads.show, name="handed_in"),
    path("look/<str:key>/", looking.look, name="look"),
    path("parts/<str:part>/", looking.part_over, name="part_over"),
    path("assets/<str:key>/<path:href>", files.asset, name="asset"),
    path("test-assets/<path:href>", files.test_asset, name="test_asset"),
    path("map/", items.item_map, name="map"),
    path("review/", endings.review, name="review"),
    path("part/", endings.end_part, name="end_part"),
    path("submit/", endings.submit, name="submit"),
    path("receipt/", receipts.receipt, name="receipt"),
    path("receipt/file/", receipts.file, name="receipt_file"),
    path("result/", endings.result, name="result"),
    path("paused/", pauses.paused, name="paused"),
    path("help/", signals.ask_help, name="help"),
    path("messages/<int:message_id>/", signals.acknowledge, name="acknowledge"),
    path("ahead/", ahead.index, name="ahead"),
    path("ahead/back/", ahead.back, name="back"),
    path("ahead/items/<str:key>/", ahead.item, name="ahead_item"),
    path("offline/", ahead.offline, name="offline"),
    path("signin/", entrance.again, name="again"),
    path("drafts/", drafts.review, name="drafts"),
    path("elsewhere/", elsewhere.ask, name="elsewhere"),
]

urlpatterns = [
    path("sessions/<uuid:session_id>/", include(of_session)),
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
    path("verify/", receipts.verify, name="verify"),
    path("verify/verify.py", receipts.verifier, name="verifier"),
    path("verify/<str:code>/", receipts.verify_code, name="verify_code"),
    path("sessions/worker.js", ahead.worker, name="worker"),
]

websocket_urlpatterns = [
    path("ws/hello/", AuthMiddlewareStack(hello.HelloConsumer.as_asgi())),
    path("ws/delivery/<uuid:session_id>/", CookieMiddleware(consumers.CandidateConsumer.as_asgi())),
]
