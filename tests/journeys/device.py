"""What a candidate's device holds, as anybody with the device would see it."""

import json

from playwright.sync_api import Page

from tests.journeys import acts
from tests.serving import Serving


def choose(page: Page, number: int) -> None:
    page.locator("#item-form input[type=radio]").nth(number).check(force=True)


def stored(page: Page) -> list[dict[str, object]]:
    """What the browser's store holds, as anybody with the device would see it."""
    found = page.evaluate(
        """() => new Promise((resolve) => {
          const request = indexedDB.open("invigil");
          request.onsuccess = () => {
            const all = request.result.transaction("queue").objectStore("queue").getAll();
            all.onsuccess = () => resolve(all.result.map((row) => ({
              names: Object.keys(row).sort(), size: row.sealed.byteLength,
              text: new TextDecoder().decode(row.sealed),
            })));
          };
        })"""
    )
    return list(found)


def kept_pages(page: Page) -> list[str]:
    """The addresses in the caches that the service worker keeps."""
    found = page.evaluate(
        """async () => {
          const found = [];
          for (const name of await caches.keys())
            for (const kept of await (await caches.open(name)).keys()) found.push(kept.url);
          return found;
        }"""
    )
    return [str(url) for url in found]


def kept_text(page: Page) -> str:
    """Every item page that the caches hold, as one text."""
    return str(
        page.evaluate(
            """async () => {
              let text = "";
              for (const name of await caches.keys()) {
                const cache = await caches.open(name);
                for (const key of await cache.keys()) {
                  if (!key.url.includes("/ahead/items/")) continue;
                  text += await (await cache.match(key)).text();
                }
              }
              return text;
            }"""
        )
    )


def items_of_part(server: Serving, session: str) -> list[str]:
    plan = json.loads(acts.column(server, session, "plan"))
    first = plan["items"][0]["part"]
    return [item["key"] for item in plan["items"] if item["part"] == first]
