"""The same items by a peer's engine, in the browser that it is made for, beside ours.

`npm` fetches the peer; without npm or a browser the run says so and ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import django
from playwright.sync_api import Page, Route, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delivery.settings")
django.setup()

from assembly import rendering  # noqa: E402  (models need the settings)
from assembly.qti import item_session, reading, values  # noqa: E402
from assembly.qti.errors import QtiError  # noqa: E402
from tests import programs  # noqa: E402
from tests.bench import engine  # noqa: E402

PEER = "@citolab/qti-components"
VERSION = "7.27.4"
BUNDLE = f"node_modules/{PEER}/cdn/index.js"
ADDRESS = "http://peer.test/"
NAMESPACE = b"imsqtiasi_v3p0"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
# Reads and shows each item and scores its own correct response; milliseconds of each step.
WORK = """async ([items]) => {
    const { qtiTransformItem } = await import('/bundle.js');
    const host = document.querySelector('main');
    const done = [];
    for (const [name, xml, responses] of items) {
        try {
            const began = performance.now();
            const shown = qtiTransformItem().parse(xml).htmlDoc();
            host.replaceChildren(shown);
            const item = host.querySelector('qti-assessment-item');
            await item.updateComplete;
            const rendered = performance.now();
            for (const [key, value] of Object.entries(responses)) {
                if (value !== null) item.updateResponseVariable(key, value);
            }
            item.processResponse();
            done.push([name, rendered - began, performance.now() - rendered]);
        } catch (error) { done.push([name, null, String(error).slice(0, 80)]); }
    }
    return done;
}"""


@dataclass(frozen=True)
class Job:
    """One item with the answer that its author gives."""

    name: str
    source: bytes
    raw: dict[str, Any]

    def ours(self) -> tuple[float, float]:
        """Milliseconds to read and show, and to score."""
        began = time.perf_counter()
        item = reading.read_item(self.source)
        session = item_session.begin(item, engine._Seeded())
        rendering.render_item(item, session, {}, asset_url=str)
        shown = time.perf_counter()
        item_session.attempt(item, session, self.raw, duration_seconds=1.0)
        return 1000 * (shown - began), 1000 * (time.perf_counter() - shown)


def jobs() -> list[Job]:
    """The items of QTI 3 itself, which alone the peer takes; those that stand by themselves."""
    found = []
    for at, source in enumerate(engine.sources()):
        try:
            item = reading.read_item(source)
            session = item_session.begin(item, engine._Seeded())
            correct = item_session.correct_responses(item, session)
            raw = {name: values.raw(value) for name, value in correct.items()}
            item_session.attempt(item, session, raw, duration_seconds=1.0)
        except QtiError:
            continue
        if NAMESPACE in source[:2000] and not any(item.stimulus_refs):
            found.append(Job(str(at), source, raw))
    return found


def install(folder: Path) -> bool:
    """Tell whether the package index gave the peer."""
    (folder / "package.json").write_text("{}")
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
    wanted = ["npm", "install", *quiet, f"{PEER}@{VERSION}"]
    return subprocess.run(wanted, cwd=folder, check=False).returncode == 0


def serve(folder: Path) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        if not path:
            route.fulfill(body="<!doctype html><main></main>", content_type="text/html")
        elif path == "bundle.js":
            route.fulfill(body=(folder / BUNDLE).read_text(), content_type="text/javascript")
        else:
            route.fulfill(status=404, body="")

    return answer


def theirs(page: Page, given: list[Job]) -> dict[str, tuple[float, float]]:
    """Milliseconds by item; those that it did not take are left out."""
    asked = [[job.name, job.source.decode("utf-8-sig", "replace"), job.raw] for job in given]
    done: list[list[Any]] = page.evaluate(WORK, [asked])
    return {name: (shown, scored) for name, shown, scored in done if shown is not None}


def told(name: str, ours: list[float], other: list[float]) -> str:
    return (
        f"{name}: ours median {median(ours):.3f} ms, theirs {median(other):.3f} ms;"
        f" ours does {sum(other) / sum(ours):.1f} x as many a second"
    )


def run() -> None:
    """Print both engines' figures over the items that both take, in interleaved rounds."""
    if not shutil.which("npm") or programs.chromium() is None:
        print("Left out: the peers' engines need npm and Chromium.")
        return
    given = jobs()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as play:
        folder = Path(name)
        if not install(folder):
            print(f"Left out: npm could not fetch {PEER}.")
            return
        browser = play.chromium.launch(executable_path=programs.chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.route("**/*", serve(folder))
        page.goto(ADDRESS)
        pairs: list[tuple[tuple[float, float], tuple[float, float]]] = []
        for number in range(ROUNDS + 1):
            seen = theirs(page, given)
            own = {job.name: job.ours() for job in given}
            # The first round warms both up.
            pairs += [(own[one], seen[one]) for one in seen] if number else []
        browser.close()
    print(f"{PEER} {VERSION}: {len(seen)} of {len(given)} items of QTI 3 taken")
    for at, what in enumerate(("read and shown", "scored")):
        print(told(what, [ours[at] for ours, _ in pairs], [other[at] for _, other in pairs]))


if __name__ == "__main__":
    run()
