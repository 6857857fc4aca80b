// Stands in for a page that could not be loaded: loads it as soon as the server answers.
"use strict";

const LOOK_MS = 3_000;
const PATIENCE_MS = 10_000;

window.addEventListener("online", () => location.reload());

// Once only: a page that is on its way would be given up for the next try.
async function look() {
  try {
    const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) return location.reload();
  } catch {
    /* Not yet. */
  }
  setTimeout(look, LOOK_MS);
}

setTimeout(look, LOOK_MS);
