// A page of a running session: joins clock, saving, lockdown and the item to the server's word.

import * as again from "./again.js";
import { alarm, on, page, say } from "./bus.js";
import * as clock from "./clock.js";
import * as connection from "./connection.js";
import * as item from "./item.js";
import * as lockdown from "./lockdown.js";
import * as offline from "./offline.js";
import * as parting from "./parting.js";
import * as recollection from "./recollection.js";
import * as rescue from "./rescue.js";
import * as saving from "./saving.js";

const ASK_MS = 1_500;
const UNLOAD_MS = 400;
const AGAIN_MS = 2_500;

let asking = 0;
let going = false;
let claiming = false;
let mine = 0;
let lost = false;
// The right to write is gone, whether the cover that says so is there yet or not.
let isOver = false;

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

// Each page holds a lock of its own name while it lives.
function lockOf(writer) {
  return `invigil.page.${writer}`;
}

function live() {
  if (!navigator.locks) return Promise.resolve();
  return new Promise((held) => {
    navigator.locks.request(lockOf(connection.writer), () => (held(), new Promise(() => {})));
  });
}

async function isAlive(writer) {
  const held = (await navigator.locks?.query())?.held ?? [];
  return held.some((lock) => lock.name === lockOf(writer));
}

// Only a page that lives is elsewhere: a browser that was killed left none. A tab that was
// duplicated carries the other one's memory, and its page is there.
async function isHeldElsewhere() {
  if (!("held" in page)) return false;
  const isOwn = writersOfThisTab().includes(page.writer);
  if (!navigator.locks) return !isOwn;
  if (!(await isAlive(page.writer))) return false;
  if (!isOwn) return true;
  await new Promise((done) => setTimeout(done, UNLOAD_MS));
  return isAlive(page.writer);
}

async function claim() {
  claiming = true;
  const known = [...writersOfThisTab(), page.writer, connection.writer].filter(Boolean).slice(-8);
  try {
    sessionStorage.setItem(tabKey(), JSON.stringify([...new Set(known)]));
  } catch {
    /* Then a reload asks whether to take over. */
  }
  const body = {
    type: "claim",
    writer: connection.writer,
    device: "",
    known: [...new Set(known)].join(","),
    item: document.getElementById("desk")?.dataset.key ?? "",
  };
  if (connection.send(body)) return;
  try {
    await connection.post(page.claim, body);
  } catch {
    claiming = false;
  }
}

function beginToWrite() {
  if (page.state !== "in_progress" || lost || claiming) return;
  claim();
}

// Flushes what waits, then goes where the session now is.
async function go(location_) {
  if (going) return;
  going = true;
  await saving.flush(2_000);
  location.replace(location_);
}

function onClaimed(frame) {
  claiming = false;
  // The lease was elsewhere in between: what this page shows may be old.
  if (mine && frame.epoch !== mine) return go(location.href);
  mine = frame.epoch;
  connection.setEpoch(mine);
  saving.setEpoch(mine);
}

function onSession(frame) {
  if (claiming && frame.epoch && !frame.location && !frame.overlay) return onClaimed(frame);
  if (frame.location) {
    item.keepFocus();
    if (frame.overlay) lockdown.cover(frame.overlay);
    page.state = frame.state;
    go(frame.location);
  } else if (frame.overlay.includes('data-overlay="elsewhere"')) {
    if (frame.epoch === mine || lost) return;
    loseLease(frame.overlay);
  } else if (frame.overlay.includes('data-overlay="answered"')) {
    lockdown.answered();
  } else if (frame.overlay) {
    lockdown.show(frame.overlay);
  }
}

// Another page writes now: this one only says so, and what it still holds is kept as drafts.
function loseLease(overlay) {
  lost = true;
  isOver = true;
  mine = 0;
  saving.stopWriting();
  lockdown.cover(overlay);
  sayDrafts();
}

// The push may have been missed; the refusal of a save says the same, and the poll brings the cover.
function onLeaseLost() {
  if (lost) return;
  isOver = true;
  saving.stopWriting();
  connection.poll();
}

const drafts = new Set();

function onDraft(frame) {
  drafts.add(frame.item);
  sayDrafts();
}

// The cover may come before or after the server's word on what was still here.
function sayDrafts() {
  const line = document.getElementById("not-saved");
  if (!line || !drafts.size) return;
  line.textContent = drafts.size === 1 ? line.dataset.one : line.dataset.many.replace("%s", drafts.size);
  line.hidden = false;
}

function onRefused(frame) {
  if (frame.reason !== "elsewhere") return;
  claiming = false;
  // A page that wrote before has lost the lease: it stays, and says what it still held.
  if (mine || isOver) return onLeaseLost();
  location.replace(page.elsewhere);
}

// The server leads a page that lost the right to write elsewhere: with what it holds it stays under
// the cover, and says what was not saved.
function beforeMoving(event) {
  if (!(mine || isOver) || event.detail.xhr.getResponseHeader("HX-Redirect") !== page.elsewhere) return;
  event.preventDefault();
  onLeaseLost();
}

// What the page shows is older than what is saved: the server draws it anew, in its place.
function refresh() {
  const desk = document.getElementById("desk");
  if (!desk?.dataset.url || !window.htmx || isOver) return;
  window.htmx.ajax("GET", desk.dataset.url, { source: desk, target: desk, swap: "outerHTML" });
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

// As the page before this one, whose right to write this one still has.
function goOn(memory) {
  mine = memory.epoch;
  connection.setEpoch(mine);
  offline.goOn(memory);
}

document.querySelectorAll('input[name="javascript"]').forEach((field) => (field.value = "1"));

async function begin() {
  if (page.state === "in_progress" && (await isHeldElsewhere())) {
    location.replace(page.elsewhere);
    return;
  }
  await live();
  on("session", onSession);
  on("refused", onRefused);
  on("lease-lost", onLeaseLost);
  on("draft", onDraft);
  on("stale-page", refresh);
  document.addEventListener("htmx:beforeOnLoad", beforeMoving);
  on("message", onMessage);
  on("zero", onZero);
  on("more-time", onMoreTime);
  // A socket that is new does not know which page this is.
  on("socket-open", () => ((claiming = false), beginToWrite()));
  on("signed-in", beginToWrite);
  on("connected", () => mine || beginToWrite());
  clock.begin();
  if (recollection.known()) saving.goOn(recollection.known().answers);
  saving.begin();
  item.begin();
  lockdown.begin();
  again.begin();
  rescue.begin();
  parting.begin();
  offline.begin();
  if (recollection.known()) goOn(recollection.known());
  connection.begin();
  if (mine) return;
  // At once, by HTTP: a socket may come late, or never.
  beginToWrite();
  setTimeout(() => mine || beginToWrite(), AGAIN_MS);
}

begin();
