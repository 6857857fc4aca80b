"""The auditor's addresses."""

from django.urls import URLPattern

app_name = "auditor"
urlpatterns: list[URLPattern] = []
