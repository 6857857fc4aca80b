// Goes on without the network: pages of the current part, fetched ahead, shown from this device.

import { alarm, on, page, say, tell } from "./bus.js";
import * as clock from "./clock.js";
import * as connection from "./connection.js";
import * as keeping from "./keeping.js";
import * as recollection from "./recollection.js";
import * as saving from "./saving.js";

const BREATH_MS = 400;
const SHORTEST_SPAN_MS = 10_000;
const DRAIN_MS = 500;
// A worker that hears nothing for half a minute ends, and forgets.
const REMIND_MS = 12_000;

let ahead = null;
let span = null;

function name() {
  return keeping.pagesOf(page.session);
}

async function purge() {
  ahead = null;
  await keeping.purge();
}

// What a page that is loaded again without the network needs to go on as this one.
function remember() {
  const answers = saving.memory();
  if (!ahead || !answers || page.state !== "in_progress") return;
  const away = span && { ...span, began: Date.now() - (performance.now() - span.started) };
  const time = { timer: clock.told(), server: clock.serverNow(), wall: Date.now() };
  const who = { writer: connection.writer, epoch: connection.heldEpoch(), queueKey: page.queueKey };
  const where = { ahead, span: away, downSince: connection.downSince() };
  recollection.remember({ ...who, ...where, ...time, answers, remarks: saving.remarks() });
}

async function fetchAhead() {
  if (!recollection.isPossible || !page.ahead || page.state !== "in_progress") return;
  let index;
  try {
    index = await connection.get(page.ahead);
  } catch {
    return;
  }
  if (index.type !== "ahead") return purge();
  const registration = await navigator.serviceWorker.register(page.worker, { scope: "/sessions/" });
  await navigator.serviceWorker.ready;
  const pages = index.items.map((item) => item.ahead);
  const worker = registration.active ?? navigator.serviceWorker.controller;
  worker?.postMessage({ type: "fetch-ahead", cache: name(), shell: index.shell, pages, breath: BREATH_MS });
  ahead = index;
  if (worker) recollection.keepIn(worker);
  remember();
}

// Where a press of a button leads, among the items of this part.
function target(wanted, key) {
  const keys = ahead?.order ?? [];
  if (wanted.startsWith("item:")) return keys.find((one) => one === wanted.slice(5));
  const step = { next: 1, back: -1 }[wanted];
  return step ? keys[keys.indexOf(key) + step] : undefined;
}

async function pageOf(item) {
  const cache = await caches.open(name());
  const found = await cache.match(item.ahead);
  return found ? new DOMParser().parseFromString(await found.text(), "text/html") : null;
}

// Puts an answer into the controls of a page that came without one.
function fill(desk, pairs) {
  const left = pairs.map(([name_, value]) => ({ name: name_, value, used: false }));
  for (const control of desk.querySelectorAll('[name^="r."]')) {
    const match = left.find((one) => !one.used && one.name === control.name && fits(control, one.value));
    if (control.type === "radio" || control.type === "checkbox") control.toggleAttribute("checked", Boolean(match));
    else if (match) put(control, match.value);
    if (match) match.used = true;
  }
}

function fits(control, value) {
  return control.type === "radio" || control.type === "checkbox" ? control.value === value : control.type !== "file";
}

function put(control, value) {
  if (control.tagName === "TEXTAREA") control.textContent = value;
  else if (control.tagName === "SELECT") {
    for (const option of control.options) option.toggleAttribute("selected", option.value === value);
  } else control.setAttribute("value", value);
}

// What the map says of an item is as old as the page; what is answered is known here.
function mark(desk) {
  for (const box of desk.querySelectorAll('.boxes button[value^="item:"]')) {
    const value = saving.known().get(box.value.slice(5));
    if (value) box.classList.toggle("answered", value.some(([, text]) => text !== ""));
  }
}

// Why a press of a button cannot be answered from this device.
function hindrance(key, item) {
  if (!ahead) return page.ahead ? "" : say("offlineStays");
  if (ahead.timed.includes(key)) return say("offlineTimed");
  return item ? say("offlineClock") : "";
}

async function show(item) {
  const kept = await pageOf(item);
  const desk = kept?.getElementById("desk");
  if (!desk) return false;
  saving.keep();
  fill(desk, saving.known().get(item.key) ?? item.value);
  mark(desk);
  desk.dataset.revision = Math.max(item.revision, saving.revision(item.key));
  desk.dataset.savedAt = saving.savedAt(item.key) ?? item.saved_at;
  desk.dataset.timer = clock.told();
  document.getElementById("desk").replaceWith(desk);
  document.getElementById("place")?.replaceChildren(...(kept.getElementById("place")?.childNodes ?? []));
  document.title = kept.title;
  window.htmx.process(desk);
  desk.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: desk } }));
  if (location.pathname !== item.url) history.pushState(null, "", item.url);
  tell("item-shown");
  window.scrollTo(0, 0);
  document.getElementById("item-title")?.focus({ preventScroll: true });
  return true;
}

async function go(move) {
  const key = target(move.wanted, move.key);
  const item = ahead?.items.find((one) => one.key === key);
  const here = ahead?.items.find((one) => one.key === move.key);
  // Where another clock would begin to run, the server has to see the move when it is made.
  if (!item || item.group !== here?.group) {
    move.said = hindrance(key, item);
    return;
  }
  move.taken = true;
  if (!(await show(item))) return alarm(say("offlineGo"), "attention");
  alarm(say("offlineOn"), "attention");
  span?.visited.push(key);
  remember();
}

// Goes on where the page before this one was when it was loaded again.
export async function goOn(memory) {
  ahead = memory.ahead;
  if (memory.span) span = { ...memory.span, started: performance.now() - (Date.now() - memory.span.began) };
  else onDisconnected();
  const item = ahead.items.find((one) => one.url === location.pathname);
  if (!(await show(item))) return location.reload();
  span?.visited.push(item.key);
  alarm(say("offlineOn"), "attention");
  remember();
}

function onDisconnected() {
  span ??= { since: clock.serverNow(), started: performance.now(), visited: [], answers: 0 };
}

// The network is back: first every answer, then where the candidate is now and how long it was.
async function onConnected() {
  const over = span;
  span = null;
  if (!over) return;
  const away = Math.round(performance.now() - over.started);
  const answers = new Set(saving.waiting().map((entry) => entry.item)).size;
  if (!over.visited.length && !answers && away < SHORTEST_SPAN_MS) return;
  const body = { since_ms: Math.round(over.since), away_ms: away, answers, visited: over.visited.slice(-200) };
  await drained();
  try {
    await connection.post(page.back, body);
  } catch {
    // Lost again before this was told: it belongs to the span that began meanwhile.
    span = { ...over, answers: 0, visited: over.visited.concat(span?.visited ?? []) };
    return;
  }
  if (over.visited.length) {
    alarm("");
    tell("stale-page");
  }
}

function drained() {
  return new Promise((done) => {
    const look = setInterval(() => {
      if (saving.waiting().length && connection.isReachable()) return;
      clearInterval(look);
      done();
    }, DRAIN_MS);
  });
}

export function begin() {
  on("go-without", go);
  on("disconnected", onDisconnected);
  on("connected", onConnected);
  for (const name of ["waiting-changed", "timer_sync", "disconnected", "connected"]) on(name, remember);
  setInterval(remember, REMIND_MS);
  if (recollection.isPossible) recollection.follow(remember);
  window.addEventListener("pagehide", remember);
  on("session", (frame) => {
    if (frame.state && frame.state !== "in_progress") purge();
  });
  if (page.state !== "in_progress") return void purge();
  if (document.readyState === "complete") fetchAhead();
  else window.addEventListener("load", fetchAhead);
}
