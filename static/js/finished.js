// Where no test runs: takes a test's pages off this device, and lets what still waits here be sent.

import { purge } from "./keeping.js";

purge();
// The candidate's own notes outlast a pause, but not the test, nor another sign-in.
if (/^\/signin\/|\/(receipt|result)\/$/.test(location.pathname)) {
  try {
    const kept = Object.keys(sessionStorage).filter((name) => name.startsWith("invigil.notes."));
    kept.forEach((name) => sessionStorage.removeItem(name));
  } catch { /* then nothing was kept either */ }
}
if (document.body.dataset.queueKey) import("./leftover.js");
