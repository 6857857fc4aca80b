"""Every address: a folder of pages per audience, sign-in, health, and the sockets."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.i18n import set_language

from assembly import portables
from delivery.candidate import urls as candidate_urls
from delivery.hosting import access, health_page, monitoring
from delivery.proctor import urls as proctor_urls

# What is asked the most stands first: addresses are tried in this order.
urlpatterns = [
    path("", include(candidate_urls)),
    path("healthz", access.healthz, name="healthz"),
    path("portable/", portables.frame, name="portable_frame"),
    path("portable/<str:token>/<path:href>", portables.file, name="portable_file"),
    path("proctor/", include(proctor_urls)),
    path("author/", include("assembly.author.urls")),
    path("auditor/", include("integrity.auditor.urls")),
    path("staff/", access.land, name="landing"),
    path("staff/health/", health_page.page, name="health"),
    path(
        "staff/signin/",
        LoginView.as_view(authentication_form=access.StaffSignInForm),
        name="staff_signin",
    ),
    path("staff/signout/", LogoutView.as_view(next_page="/staff/signin/"), name="staff_signout"),
    path("admin/login/", access.admin_sign_in),
    path("admin/", admin.site.urls),
    path("language/", login_not_required(set_language), name="set_language"),
    path("readyz", monitoring.ready, name="readyz"),
    path("metrics", monitoring.numbers, name="metrics"),
]

websocket_urlpatterns: list[Any] = [
    *candidate_urls.websocket_urlpatterns,
    *proctor_urls.websocket_urlpatterns,
]
