import pytest

from assembly.qti import links


@pytest.mark.parametrize(
    ("href", "external"),
    [
        ("picture.png", False),
        ("../stimuli/text.xml#part", False),
        ("https://example.org/picture.png", True),
        ("//example.org/picture.png", True),
        # No address at all by RFC 3986: nothing of the package, and no failure of ours.
        ("http://[::1", True),
        ("//[x", True),
    ],
)
def test_an_address_is_the_packages_own_or_somebody_elses(href: str, external: bool) -> None:
    assert links.is_external(href) is external
