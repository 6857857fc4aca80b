// When storage or network fail for good: a file with what waits here, sealed so that only the server reads it.

import { on, page, timeOfDay } from "./bus.js";
import * as connection from "./connection.js";
import * as saving from "./saving.js";
import * as sealing from "./sealing.js";

const OFFLINE_LONG_MS = 120_000;
const LOOK_MS = 2_000;

let timeIsUp = false;

// The network has been away for long, or nothing here would survive the page.
function isGrave() {
  const since = connection.downSince();
  if (!since || !saving.waiting().length) return false;
  return timeIsUp || !saving.isDurable() || Date.now() - since > OFFLINE_LONG_MS;
}

function offer() {
  const box = document.getElementById("rescue");
  if (!box || !sealing.isPossible) return;
  const grave = isGrave();
  if (grave === !box.hidden) return;
  box.hidden = !grave;
}

async function save() {
  const entries = saving.waiting().map(({ item, value, base_revision, client_seq, key, epoch, writer, writtenAt }) => ({
    item,
    value,
    base_revision,
    client_seq,
    key,
    epoch,
    writer,
    written_ms: Math.round(writtenAt),
  }));
  const head = { session: page.session, candidate: page.candidate, made_at: new Date().toISOString() };
  const file = await sealing.forServer(page.exportKey, head, { answers: entries });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(file)], { type: "application/json" }));
  link.download = `answers-${page.candidate}-${timeOfDay(Date.now()).replace(":", "")}.invigil`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function begin() {
  on("zero", () => ((timeIsUp = true), offer()));
  on("more-time", () => ((timeIsUp = false), offer()));
  on("connected", offer);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-rescue]")) save();
  });
  setInterval(offer, LOOK_MS);
}
