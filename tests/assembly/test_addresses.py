"""A package's address survives in ours, whatever folders it climbs."""

from urllib.parse import urljoin

import pytest

from assembly import addresses

HREFS = ("a.js", "scripts/a b.js", "../shared/a.js", "../../x/../a.js", "x/../../a.js")


@pytest.mark.parametrize("href", HREFS)
def test_an_address_comes_back_as_it_was(href: str) -> None:
    assert addresses.from_address(addresses.in_address(href)) == href
    assert ".." not in addresses.in_address(href).split("/")


def test_in_depth_a_browser_resolves_a_relative_import_inside_the_package() -> None:
    for base, wanted, found in (
        ("a.js", "./b.js", "b.js"),
        ("a.js", "../shared/b.js", "../shared/b.js"),
        ("../shared/a.js", "../b.js", "../b.js"),
        ("lib/a.js", "../../../b.js", "../../b.js"),
    ):
        address = urljoin(f"/portable/token/{addresses.in_depth(base)}", wanted)
        assert addresses.from_depth(address.removeprefix("/portable/token/")) == found


def test_nothing_climbs_out_of_the_package() -> None:
    assert addresses.in_depth("../" * 20 + "a.js") == "a.js"
