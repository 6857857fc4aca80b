// Stands in for a page that could not be loaded: loads it as soon as the server answers.
"use strict";

const LOOK_MS = 3_000;

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-reload]")) location.reload();
});

window.addEventListener("online", () => location.reload());

setInterval(async () => {
  try {
    const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(LOOK_MS) });
    if (answer.ok) location.reload();
  } catch {
    /* Not yet. */
  }
}, LOOK_MS);
