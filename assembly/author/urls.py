"""Addresses of the author's pages."""

from django.urls import path

from assembly.author import drafts, imports, items, trying

app_name = "author"

urlpatterns = [
    path("", items.home, name="home"),
    path("items/new/", items.kinds, name="item_kinds"),
    path("items/new/<slug:kind>/", items.new, name="item_new"),
    path("items/<int:item_id>/", items.detail, name="item"),
    path("items/<int:item_id>/edit/", items.edit, name="item_edit"),
    path("items/<int:item_id>/delete/", items.delete, name="item_delete"),
    path("items/<int:item_id>/xml/", items.edit_xml, name="item_xml"),
    path("live/<slug:kind>/", items.live_preview, name="live_preview"),
    path("versions/<int:version_id>/preview/", items.preview, name="preview"),
    path("versions/<int:version_id>/publish/", items.publish, name="item_publish"),
    path("versions/<int:version_id>/asset/", items.asset, name="asset"),
    path("tests/new/", drafts.new, name="test_new"),
    path("tests/<int:test_id>/", drafts.outline, name="test"),
    path("tests/<int:test_id>/settings/", drafts.settings, name="test_settings"),
    path("tests/<int:test_id>/reorder/", drafts.reorder, name="reorder"),
    path("tests/<int:test_id>/parts/", drafts.add_part, name="add_part"),
    path("tests/<int:test_id>/editable/", drafts.make_editable, name="make_editable"),
    path("tests/<int:test_id>/publish/", drafts.publish, name="publish"),
    path("tests/<int:test_id>/try/", trying.begin, name="try"),
    path("tests/<int:test_id>/try/<int:place>/", trying.item, name="try_item"),
    path("tests/<int:test_id>/try/result/", trying.result, name="try_result"),
    path("rows/<slug:kind>/<int:row_id>/", drafts.row, name="row"),
    path("rows/<slug:kind>/<int:row_id>/remove/", drafts.remove, name="remove"),
    path("rows/<slug:kind>/<int:row_id>/sections/", drafts.add_section, name="add_section"),
    path("sections/<int:section_id>/items/", drafts.add_items, name="add_items"),
    path("test-versions/<int:version_id>/export/", drafts.export, name="export"),
    path("test-versions/<int:version_id>/retire/", drafts.retire, name="retire"),
    path("import/", imports.upload, name="upload"),
    path("jobs/<int:job_id>/", imports.job, name="job"),
    path("jobs/<int:job_id>/start/", imports.start, name="job_start"),
]
