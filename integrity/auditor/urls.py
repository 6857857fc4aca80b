"""The auditor's addresses."""

from django.urls import path

from integrity.auditor import verifying, views

app_name = "auditor"
urlpatterns = [
    path("", views.streams, name="streams"),
    path("verify/", verifying.verify, name="verify"),
    path("differences/<path:name>", verifying.differences, name="differences"),
    path("bundle/<path:name>", views.bundle, name="bundle"),
    path("export/<path:name>", views.export, name="export"),
    path("streams/<path:name>", views.stream, name="stream"),
]
