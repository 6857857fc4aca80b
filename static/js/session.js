// A page of a running session: joins clock, saving, lockdown and the item to the server's word.

import { alarm, on, page, say } from "./bus.js";
import * as clock from "./clock.js";
import * as connection from "./connection.js";
import * as item from "./item.js";
import * as lockdown from "./lockdown.js";
import * as saving from "./saving.js";

const LIVE_SECONDS = 45;
const ASK_MS = 1_500;

let asking = 0;
let going = false;
let claiming = false;
let mine = 0;

function tabKey() {
  return `invigil.writer.${page.session}`;
}

// The writers that this tab was, or replaced: its own earlier pages are not "elsewhere".
function writersOfThisTab() {
  try {
    return JSON.parse(sessionStorage.getItem(tabKey()) ?? "[]");
  } catch {
    return [];
  }
}

function isHeldElsewhere() {
  const { writer, seen } = page;
  return Boolean(writer) && !writersOfThisTab().includes(writer) && Number(seen) < LIVE_SECONDS;
}

async function claim() {
  claiming = true;
  try {
    const known = [...writersOfThisTab(), page.writer, connection.writer].filter(Boolean);
    sessionStorage.setItem(tabKey(), JSON.stringify(known.slice(-8)));
  } catch {
    /* Then a reload asks whether to take over. */
  }
  const body = { type: "claim", writer: connection.writer, device: "" };
  if (connection.send(body)) return;
  try {
    await connection.post(page.claim, body);
  } catch {
    claiming = false;
  }
}

function beginToWrite() {
  if (page.state !== "in_progress" || mine || claiming) return;
  claim();
}

// Flushes what waits, then goes where the session now is.
async function go(location_) {
  if (going) return;
  going = true;
  await saving.flush(2_000);
  location.replace(location_);
}

function onSession(frame) {
  if (claiming && frame.epoch && !frame.location && !frame.overlay) {
    claiming = false;
    mine = frame.epoch;
    saving.setEpoch(mine);
    return;
  }
  if (frame.location) {
    item.keepFocus();
    if (frame.overlay) lockdown.cover(frame.overlay);
    page.state = frame.state;
    go(frame.location);
  } else if (frame.overlay.includes('data-overlay="elsewhere"')) {
    if (frame.epoch === mine) return;
    mine = 0;
    saving.stopWriting();
    lockdown.cover(frame.overlay);
  } else if (frame.overlay.includes('data-overlay="answered"')) {
    lockdown.answered();
  } else if (frame.overlay) {
    lockdown.show(frame.overlay);
  }
}

function onMessage(frame) {
  const inbox = document.getElementById("inbox");
  if (!inbox || document.getElementById(`message-${frame.message_id}`)) return;
  inbox.insertAdjacentHTML("beforeend", frame.html);
  window.htmx?.process(inbox);
}

// At 0:00 the page freezes, sends what waits, and asks until the server has decided.
async function onZero() {
  if (page.state !== "in_progress") return;
  const sent = saving.flush();
  saving.freeze(true);
  item.freeze(true);
  alarm(say(connection.isReachable() ? "zero" : "zeroOffline"), "attention");
  await sent;
  clearInterval(asking);
  asking = setInterval(() => {
    alarm(say(connection.isReachable() ? "zero" : "zeroOffline"), "attention");
    connection.poll();
  }, ASK_MS);
  connection.poll();
}

function onMoreTime() {
  clearInterval(asking);
  saving.freeze(false);
  item.freeze(false);
  alarm(say("zeroOver"), "attention");
  setTimeout(() => alarm(""), 10_000);
}

function askBeforeTakingOver() {
  const template = document.getElementById("elsewhere");
  saving.stopWriting();
  lockdown.cover(template.innerHTML);
}

document.addEventListener("click", async (event) => {
  if (!event.target.closest("[data-take-over]")) return;
  event.target.closest("[data-take-over]").disabled = true;
  await claim();
  // The page that had the right may hold newer answers: begin from what the server has.
  setTimeout(() => location.reload(), 150);
});

document.querySelectorAll('input[name="javascript"]').forEach((field) => (field.value = "1"));

on("session", onSession);
on("message", onMessage);
on("zero", onZero);
on("more-time", onMoreTime);
clock.begin();
saving.begin();
item.begin();
lockdown.begin();
if (page.state === "in_progress" && isHeldElsewhere()) {
  askBeforeTakingOver();
} else {
  on("socket-open", () => (mine ? undefined : ((claiming = false), beginToWrite())));
  setTimeout(beginToWrite, 2_500);
}
connection.begin();
