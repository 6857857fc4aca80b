import hashlib
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from assembly import addresses, portables
from assembly.models import Asset, ItemVersion, ItemVersionAsset
from delivery.candidate import backend
from delivery.models import AssessmentSession, ItemSession
from tests import factories
from tests.factories import QTI, Part

pytestmark = pytest.mark.django_db

ITEM = f"""<qti-assessment-item {QTI} identifier="PCI" title="Portable" adaptive="false"
  time-dependent="false">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="integer"/>
  <qti-item-body>
    <qti-portable-custom-interaction response-identifier="RESPONSE" module="counter"
      custom-interaction-type-identifier="urn:example:counter" data-button-label="One more">
      <qti-interaction-modules>
        <qti-interaction-module id="counter" primary-path="../shared/counter.js"/>
      </qti-interaction-modules>
      <qti-interaction-markup><button class="more"></button><output></output>
      </qti-interaction-markup>
    </qti-portable-custom-interaction>
  </qti-item-body></qti-assessment-item>"""
COUNTER = """
define(["qtiCustomInteractionContext", "./words"], (context, words) => {
  context.register({
    typeIdentifier: "urn:example:counter",
    getInstance(dom, configuration, state) {
      const bound = configuration.boundTo.RESPONSE.base;
      let count = bound ? bound.integer : 0;
      let steps = state ? state.steps : 0;
      let reach = [];
      try { parent.document.title; reach.push("parent"); } catch { /* sealed */ }
      try { if (document.cookie !== undefined) reach.push("cookies"); } catch { /* sealed */ }
      const show = () => {
        const told = `${words.counted}: ${count} in ${steps} ${reach.join()}`;
        dom.querySelector("output").textContent = told;
      };
      const button = dom.querySelector("button");
      button.textContent = configuration.properties.buttonLabel;
      button.addEventListener("click", () => { count += 1; steps += 1; show(); });
      show();
      configuration.onready({
        getResponse: () => (count ? { base: { integer: count } } : null),
        getState: () => JSON.stringify({ steps }),
        oncompleted() {},
      });
    },
  });
});
"""
WORDS = 'define({ counted: "Counted" });'


def attach(version: ItemVersion, href: str, text: str) -> None:
    content = text.encode()
    asset = Asset.objects.create(
        sha256=hashlib.sha256(content).hexdigest(),
        media_type="application/javascript",
        size=len(content),
        content=content,
    )
    ItemVersionAsset.objects.create(item_version=version, href=href, asset=asset)


def portable(**files: str) -> ItemVersion:
    version = factories.item_version("PCI", ITEM)
    for href, text in files.items():
        attach(version, href, text)
    return version


def address(version: ItemVersion, href: str) -> str:
    token = signing.dumps(version.pk, salt=portables.SALT)
    return f"/portable/{token}/{addresses.in_depth(href)}"


def test_the_frames_page_is_sealed_and_the_same_for_everybody() -> None:
    answer = Client().get("/portable/")
    assert answer.status_code == 200
    assert answer["Content-Security-Policy"].startswith("sandbox allow-scripts; default-src 'none'")
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "sessionid" not in answer.cookies


def test_files_are_handed_out_by_their_signed_address_only() -> None:
    version = portable(**{"../shared/counter.js": COUNTER})
    answer = Client().get(address(version, "../shared/counter.js"))
    assert (answer.status_code, answer.content.decode()) == (200, COUNTER)
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Content-Type"] == "text/javascript"
    assert Client().get(address(version, "other.js")).status_code == 404
    assert Client().get("/portable/forged/_/_/_/_/_/shared/counter.js").status_code == 404


def test_a_token_of_another_item_opens_nothing_of_this_one() -> None:
    portable(**{"counter.js": COUNTER})
    other = factories.item_version("other")
    assert Client().get(address(other, "counter.js")).status_code == 404


@pytest.fixture
def static_sources() -> Iterator[None]:
    """The test's server reads the sources themselves, not what was once collected from them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture
def open_item(
    static_sources: None, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> Callable[[ItemVersion], tuple[Page, AssessmentSession]]:
    def show(version: ItemVersion) -> tuple[Page, AssessmentSession]:
        test = factories.published(Part(items=("Q1", "Q2")), items={"Q1": version})
        sitting = factories.sitting(test, opens_at=None, closes_at=None)
        session = factories.session(sitting, at=timezone.now())
        client = Client()
        client.force_login(session.candidate.user, backend=backend.PATH)
        context = new_context()
        name = settings.SESSION_COOKIE_NAME
        value = client.cookies[name].value
        context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}/sessions/{session.pk}/items/Q1/")
        return page, session

    return show


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_portable_interaction_is_answered_kept_and_restored(
    open_item: Callable[[ItemVersion], tuple[Page, AssessmentSession]],
) -> None:
    version = portable(**{"../shared/counter.js": COUNTER, "../shared/words.js": WORDS})
    page, session = open_item(version)
    inside = page.frame_locator("iframe")
    expect(inside.locator("output")).to_have_text("Counted: 0 in 0 ")
    inside.get_by_role("button", name="One more").click()
    inside.get_by_role("button", name="One more").click()
    expect(page.locator("input[name='r.RESPONSE']")).to_have_value("2")
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**/items/Q2/")
    kept = {"RESPONSE": "2", "RESPONSE:state": '{"steps":2}'}
    assert ItemSession.objects.get(session=session, key="Q1").response == kept
    page.goto(page.url.replace("/Q2/", "/Q1/"))
    expect(page.frame_locator("iframe").locator("output")).to_have_text("Counted: 2 in 2 ")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_module_that_is_missing_says_so_and_blocks_nothing(
    open_item: Callable[[ItemVersion], tuple[Page, AssessmentSession]],
) -> None:
    page, _ = open_item(portable())
    expect(page.get_by_text("could not be started")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**/items/Q2/")


SPOKEN = """
import words from "./deep/words.js";
export default {
  typeIdentifier: "urn:example:counter",
  getInstance(dom, configuration) {
    dom.querySelector("output").textContent = words;
    configuration.onready({ getResponse: () => null, getState: () => "{}" });
  },
};
"""


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_module_of_the_language_itself_finds_what_it_imports_above_its_folder(
    open_item: Callable[[ItemVersion], tuple[Page, AssessmentSession]],
) -> None:
    files = {
        "../shared/counter.js": SPOKEN,
        "../shared/deep/words.js": 'import said from "../../other/said.js"; export default said;',
        "../other/said.js": 'export default "said from above";',
    }
    page, session = open_item(portable(**files))
    expect(page.frame_locator("iframe").locator("output")).to_have_text("said from above")
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**/items/Q2/")
    assert ItemSession.objects.get(session=session, key="Q1").response == {}
