import pytest

from assembly.qti import stylesheets


def test_a_sheet_is_scoped_to_the_items_content_on_light_grounds() -> None:
    found = stylesheets.scoped("p { color: red }")
    assert found.count("p { color: red }") == 2
    assert found.startswith('@scope (:root:is([data-theme="light"]')
    assert ":root:not([data-theme]) .qti-item-body" in found


def test_imports_and_comments_go() -> None:
    found = stylesheets.scoped('@import url(x.css); /* } */ @charset "UTF-8"; b { margin: 0 }')
    assert "@import" not in found
    assert "charset" not in found
    assert "/*" not in found
    assert "b { margin: 0 }" in found


@pytest.mark.parametrize(
    "source",
    [
        "} body { display: none } {",
        "p { color: red",
        "p { content: 'open }",
        'p::after { content: "\\',
        "p { color: red } /* open",
        r"p { color: red \}",
        "a { b: url({); } } body { display: none }",
        "a { b: url(x",
        "a{}" * 100_000,
    ],
)
def test_a_sheet_that_could_leave_its_scope_is_left_out(source: str) -> None:
    assert stylesheets.scoped(source) == ""


@pytest.mark.parametrize("address", ["a.png", "'a b.png'", '"a.png"', " a.png "])
def test_addresses_stay(address: str) -> None:
    assert f"url({address})" in stylesheets.scoped(f"p {{ background: url({address}) }}")


def test_braces_in_strings_do_not_count_and_do_not_stay() -> None:
    found = stylesheets.scoped("p::after { content: '}' } q { color: blue }")
    assert "'}'" not in found
    assert "q { color: blue }" in found
