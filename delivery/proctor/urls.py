"""The proctor's addresses and socket."""

from channels.auth import AuthMiddlewareStack
from django.urls import path

from delivery.proctor import aside, consumers, outage_page, views

app_name = "proctor"
urlpatterns = [
    path("", views.home, name="home"),
    path("<int:sitting_id>/", views.board, name="board"),
    path("<int:sitting_id>/rows/", views.rows, name="rows"),
    path("<int:sitting_id>/act/", views.act, name="act"),
    path("<int:sitting_id>/outages/<int:outage_id>/", outage_page.outage, name="outage"),
    path("<int:sitting_id>/quarantine/", aside.listed, name="quarantine"),
    path("<int:sitting_id>/sealed/", aside.sealed, name="sealed"),
    path("quarantine/<int:quarantine_id>/", aside.one, name="kept"),
    path("sessions/<uuid:session_id>/", views.session, name="session"),
    path("enrolments/<int:enrolment_id>/", views.enrolment, name="enrolment"),
]

websocket_urlpatterns = [
    path("ws/proctor/<int:sitting_id>/", AuthMiddlewareStack(consumers.BoardConsumer.as_asgi())),
]
