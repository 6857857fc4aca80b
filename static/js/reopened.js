// A page that was loaded without the network: goes on as the one before it, where that is known, or waits calmly.

import { page } from "./bus.js";
import * as recollection from "./recollection.js";

// The page before this one may take a moment to end; one that does not end is another tab.
const ENDING_MS = 3_000;

async function isFree(writer) {
  if (!navigator.locks) return true;
  const how = { signal: AbortSignal.timeout(ENDING_MS) };
  return navigator.locks.request(`invigil.page.${writer}`, how, () => true).catch(() => false);
}

function sayWhy(memory) {
  const isTimed = memory?.ahead.timed.some((key) => location.pathname.includes(`/items/${encodeURIComponent(key)}/`));
  const line = document.getElementById("kept-timed");
  if (line && isTimed) line.hidden = false;
}

// The server's time as it was known, and went on since, when this page began.
function timerNow({ timer, server, wall }) {
  const visit = performance.getEntriesByType("navigation")[0];
  const began = performance.timeOrigin + (visit?.responseStart ?? 0);
  return JSON.stringify({ ...JSON.parse(timer), server_time: new Date(server + (began - wall)).toISOString() });
}

function goOnAs(memory) {
  page.goesOnAs = memory.writer;
  page.queueKey = memory.queueKey;
  page.downSince = String(memory.downSince || Date.now());
  document.getElementById("clock").dataset.timer = timerNow(memory);
  document.querySelector(".exam-header").hidden = false;
}

async function begin() {
  const memory = await recollection.recall();
  const item = memory?.ahead.items.find((one) => one.url === location.pathname);
  if (!item || !(await isFree(memory.writer))) {
    sayWhy(memory);
    return import("./waiting.js");
  }
  goOnAs(memory);
  return import("./session.js");
}

begin();
