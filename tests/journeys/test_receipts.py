"""A receipt in Chromium: shown after the test, taken home as a file, verified by anybody."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.axe import violations
from tests.journeys import acts
from tests.serving import Serving


def receipt(page: Page, server: Serving) -> str:
    """Open the receipt of a session that ended, and wait until its end is sealed."""
    acts.sign_in(page, server, acts.ENDED)
    page.locator("a[href*='/result/']").first.click()
    page.get_by_role("link", name="Receipt").click()
    page.get_by_text("The file carries the proof.").wait_for(timeout=30_000)
    return page.locator(".receipt-code").inner_text()


def test_a_receipt_is_verified_by_its_code_and_by_its_file(
    demo_server: Serving,
    page: Page,
    new_context: Callable[..., BrowserContext],
    tmp_path: Path,
) -> None:
    code = receipt(page, demo_server)
    name = page.locator(".who").inner_text()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the file").click()
    file = tmp_path / "receipt.json"
    download.value.save_as(file)
    assert name not in file.read_text(encoding="utf-8")

    stranger = new_context(viewport={"width": 390, "height": 800}).new_page()
    stranger.goto(f"{demo_server.url}/verify/")
    stranger.get_by_label("Receipt code").fill(code.lower())
    stranger.get_by_role("button", name="Verify the code").click()
    expect(stranger.get_by_role("heading", name="This receipt holds")).to_be_visible()
    assert name not in stranger.content()
    assert violations(stranger) == []
    stranger.get_by_label("Receipt file").set_input_files(file)
    stranger.get_by_role("button", name="Verify the file").click()
    expect(stranger.get_by_text("The file is whole")).to_be_visible()
    expect(stranger.get_by_role("heading", name="This receipt holds")).to_be_visible()

    file.write_text(file.read_text(encoding="utf-8").replace(code, "2222-2222-2222-2222"))
    stranger.get_by_label("Receipt file").set_input_files(file)
    stranger.get_by_role("button", name="Verify the file").click()
    expect(stranger.get_by_role("heading", name="This receipt does not hold")).to_be_visible()


def test_a_receipt_is_verified_without_javascript(
    demo_server: Serving, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{demo_server.url}/verify/")
    page.get_by_label("Receipt code").fill("AAAA-AAAA-AAAA-AAAA")
    page.get_by_role("button", name="Verify the code").click()
    expect(page.get_by_text("No session here has this receipt code.")).to_be_visible()
