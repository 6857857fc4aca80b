// When storage or sending fail for good: a file with what waits here, sealed so that only the server reads it.

import { on, page, timeOfDay } from "./bus.js";
import * as connection from "./connection.js";
import * as saving from "./saving.js";
import * as sealing from "./sealing.js";

const LONG_MS = 120_000;
const UNKEPT_MS = 15_000;
const LOOK_MS = 2_000;

let timeIsUp = false;

// Why what waits here is in danger; "" where it is not. What the server may no longer keep aside
// stays here for good; what this device does not keep is lost with the page; and nothing should
// wait for long, whether the network is away or only the saves do not get through.
function danger() {
  const remarks = saving.waitingRemarks();
  const waiting = [...saving.waiting(), ...remarks];
  if (!waiting.length) return "";
  if (saving.isTurnedAway()) return "turned-away";
  const since = connection.downSince();
  const oldest = performance.now() - Math.min(...waiting.map((entry) => entry.queuedAt));
  const isKept = saving.isDurable() && (!remarks.length || saving.areRemarksDurable());
  if (!isKept && (since || oldest > UNKEPT_MS)) return "unkept";
  if (since) return timeIsUp || Date.now() - since > LONG_MS ? "offline" : "";
  return oldest > LONG_MS ? "unsent" : "";
}

function offer() {
  const box = document.getElementById("rescue");
  if (!box || !sealing.isPossible) return;
  const why = danger();
  box.hidden = !why;
  for (const line of box.querySelectorAll("[data-why]")) line.hidden = line.dataset.why !== why;
}

function remarks() {
  return saving.waitingRemarks().map(({ item, comment, client_seq, epoch, writer, writtenAt }) => ({
    item,
    comment,
    client_seq,
    epoch,
    writer,
    written_ms: Math.round(writtenAt ?? 0),
  }));
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
  const file = await sealing.forServer(page.exportKey, head, { answers: entries, comments: remarks() });
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
