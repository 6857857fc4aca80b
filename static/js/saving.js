// Keeps every answer: captured on change, on leaving and on going; dropped only when the server has it.

import { alarm, on, page, randomId, say, tell, timeOfDay } from "./bus.js";
import * as connection from "./connection.js";
import { SealedQueue } from "./queue.js";

const DEBOUNCE_MS = 800;
const PATIENCE_MS = 8_000;
const WAITING_FROM_MS = 3_000;
const LARGEST = 380_000;
const LARGEST_KEEPALIVE = 60_000;
const MOST_AT_ONCE = 50;
// The answer is on the server in another form: there is nothing to tell.
const SUPERSEDED = new Set(["stale", "item_closed"]);

// What cannot be read, or does not fit, the server forgets: to be mended, not kept.
const FORGOTTEN = new Set(["malformed", "too_large", "not_valid", "no_such_item"]);

const queue = new SealedQueue(page.session);
const revisions = new Map();
// What this page itself heard of: only that may move the base of an answer from an earlier page.
const heard = new Map();
const acknowledged = new Map();
const newest = new Map();
// The newest answer to each item that this page knows, whether it is saved or waits.
const values = new Map();

let epoch = 0;
let sequence = 0;
let shown = null;
let debounce = 0;
let retry = 0;
let failures = 0;
let frozen = false;
let refused = "";
let stayed = false;
let readOnly = false;

function form() {
  return document.getElementById("item-form");
}

function pairs(of = form()) {
  const data = of ? [...new FormData(of).entries()] : [];
  return data.filter(([name, value]) => name.startsWith("r.") && typeof value === "string");
}

// The answer as the server sent it: somebody may have chosen before this script was there.
function pairsAsSent() {
  const copy = form()?.cloneNode(true);
  copy?.reset();
  return pairs(copy ?? null);
}

function elapsed() {
  const running = shown.since === null ? 0 : performance.now() - shown.since;
  return Math.round(shown.spent + running);
}

// Puts the item's present answer into the queue, if it differs from what was last put there.
function capture() {
  clearTimeout(debounce);
  debounce = 0;
  follow();
  if (!shown || shown.locked || readOnly || frozen) return null;
  const value = pairs();
  const text = JSON.stringify(value);
  values.set(shown.key, value);
  if (text === shown.captured) return null;
  shown.captured = text;
  if (queue.all().findLast((one) => one.item === shown.key)?.text === text) return null;
  const entry = {
    type: "answer",
    item: shown.key,
    value,
    base_revision: revisions.get(shown.key) ?? 0,
    client_seq: (sequence += 1),
    key: randomId(),
    elapsed_ms: elapsed(),
    epoch,
    writer: connection.writer,
    text,
    sentAt: 0,
    queuedAt: performance.now(),
    writtenAt: Date.now(),
  };
  newest.set(entry.item, entry.client_seq);
  queue.add(entry);
  refused = "";
  return entry;
}

function frame(entry) {
  const { sentAt, queuedAt, writtenAt, restored, turnedAway, text, ...told } = entry;
  const base = (entry.restored ? heard : revisions).get(entry.item) ?? entry.base_revision;
  return { ...told, epoch: entry.epoch || epoch, base_revision: base };
}

export function keep() {
  if (capture()) pump();
  show();
}

// What an earlier page left goes one at a time for each item: the next rests on what came of it.
function isDue(entry, place, all) {
  if (entry.sentAt) return false;
  return !entry.restored || !all.slice(0, place).some((one) => one.item === entry.item);
}

function pump() {
  clearTimeout(retry);
  if (!connection.isKnown()) return;
  const ready = queue.all().filter(isDue).slice(0, MOST_AT_ONCE);
  if (!ready.length) return;
  if (connection.isOpen()) {
    for (const entry of ready) {
      const told = frame(entry);
      if (JSON.stringify(told).length > LARGEST) return overHttp(ready);
      entry.sentAt = performance.now();
      connection.send(told);
    }
    retry = setTimeout(doubt, PATIENCE_MS);
    return;
  }
  overHttp(ready);
}

async function overHttp(ready) {
  for (const entry of ready) entry.sentAt = performance.now();
  try {
    await connection.post(page.save, { saves: ready.map(frame) });
    failures = 0;
    for (const entry of ready) entry.sentAt = 0;
    if (queue.size) later();
  } catch {
    for (const entry of ready) entry.sentAt = 0;
    failures += 1;
    later();
  }
  show();
}

function later() {
  clearTimeout(retry);
  const wait = Math.min(30_000, 1_000 * 2 ** Math.min(failures, 5)) * (0.75 + Math.random() / 2);
  retry = setTimeout(pump, wait);
}

// What the socket has not acknowledged in time goes again, by HTTP: the same key twice is one answer.
function doubt() {
  const silent = queue.all().filter((entry) => entry.sentAt && performance.now() - entry.sentAt >= PATIENCE_MS);
  if (!silent.length) return void (queue.size && later());
  for (const entry of silent) entry.sentAt = 0;
  connection.distrust();
  overHttp(silent);
}

function onSaved(frame) {
  const known = queue.all().find((entry) => entry.key === frame.key);
  queue.remove((entry) => entry.key !== frame.key && (entry.item !== frame.item || entry.client_seq > frame.client_seq));
  revisions.set(frame.item, Math.max(revisions.get(frame.item) ?? 0, frame.revision));
  heard.set(frame.item, revisions.get(frame.item));
  acknowledged.set(frame.item, frame.saved_at);
  if (shown?.key === frame.item) setField("base_revision", revisions.get(frame.item));
  failures = 0;
  refused = "";
  settle();
  show();
  if (known?.restored || isNews(known)) afterReplay(frame.item);
}

// The page that shows the item was drawn before this answer was there.
function isNews(known) {
  return known && shown?.key === known.item && known.text !== shown.captured;
}

// An earlier page's answer is saved now: what shows the item shows it, and the next one may go.
function afterReplay(item) {
  pump();
  const waits = queue.all().some((entry) => entry.item === item);
  if (shown?.key !== item || waits || debounce) return;
  if (JSON.stringify(pairs()) === shown.captured) tell("stale-page");
}

// The server answers again: what was said of its silence no longer holds.
function settle() {
  if (stayed) alarm("");
  stayed = false;
}

function onRefused(frame) {
  // Refusals of other requests are shown by whoever asked.
  if (!frame.key) return;
  const known = queue.all().find((entry) => entry.key === frame.key);
  if (known && !frame.kept_as && !FORGOTTEN.has(frame.reason)) {
    // The server keeps no more of this session aside: then it stays here, for the sealed file.
    known.sentAt = performance.now();
    known.turnedAway = true;
    refused = frame.sentence;
    return show();
  }
  queue.remove((entry) => entry.key !== frame.key);
  if (frame.reason === "lease_lost") {
    tell("draft", frame);
    if (!known?.restored) tell("lease-lost");
    return show();
  }
  const older = known ? known.client_seq < (newest.get(frame.item) ?? 0) : true;
  if (!(older && SUPERSEDED.has(frame.reason))) {
    refused = frame.sentence;
    alarm(frame.sentence);
  }
  if (known?.restored) pump();
  show();
  connection.poll();
}

function setField(name, value) {
  const field = form()?.elements.namedItem(name);
  if (field) field.value = value;
}

// The pressed button carries the answer itself, under the key of the entry that waits in the
// queue: whichever way arrives first is the save, and the other one finds it.
function prepareForm(event) {
  if (event.target.id !== "item-form") return;
  follow();
  if (!shown) return;
  capture();
  const text = JSON.stringify(pairs());
  const waits = queue.all().filter((entry) => entry.item === shown.key);
  // Only the newest: an older one with the same text is overtaken by what was chosen in between.
  const twin = waits.at(-1)?.text === text ? waits.at(-1) : undefined;
  const unchanged = frozen || readOnly || (text === shown.captured && !twin);
  shown.submitter = event.submitter;
  shown.wanted = event.submitter?.name === "go" ? event.submitter.value : "save";
  shown.submitted = twin?.client_seq ?? (sequence += 1);
  newest.set(shown.key, Math.max(newest.get(shown.key) ?? 0, shown.submitted));
  setField("unchanged", unchanged ? "1" : "");
  setField("base_revision", revisions.get(shown.key) ?? 0);
  setField("client_seq", shown.submitted);
  setField("key", twin?.key ?? randomId());
  setField("epoch", twin?.epoch || epoch);
  setField("writer", connection.writer);
  setField("elapsed_ms", elapsed());
  // On its way with the form; older ones of the same item are overtaken by it.
  for (const entry of waits) entry.sentAt = performance.now();
}

function formAnswered(event) {
  if (event.detail.elt?.id !== "item-form" || !shown?.submitted) return;
  const { status } = event.detail.xhr;
  const { key, submitted } = shown;
  const stranger = status === 401 || status === 404 || event.detail.xhr.getResponseHeader("X-Sign-In");
  if (status >= 200 && status < 500 && !stranger) {
    shown.submitted = 0;
    shown.renewed = false;
    queue.remove((entry) => entry.item !== key || entry.client_seq > submitted);
    settle();
    return;
  }
  formFailed();
  if (stranger) return void (status === 403 ? renew() : connection.stranger());
  if (!status) connection.noteSilence();
  goWithout(status);
}

// The page's token is older than the sign-in: with the new one, the form goes once more.
async function renew() {
  const { submitter, renewed } = shown;
  shown.renewed = true;
  try {
    if (renewed || !(await connection.renewToken())) return connection.stranger();
    // htmx goes by the button that was clicked last.
    submitter?.click();
  } catch {
    goWithout(0);
  }
}

// The form did not arrive: what it carried waits in the queue as before.
function formFailed() {
  if (!shown) return;
  shown.submitted = 0;
  for (const entry of queue.all()) if (entry.item === shown.key) entry.sentAt = 0;
  keep();
}

// The page says that it stays, unless somebody else takes the move.
function goWithout(status) {
  const move = { wanted: shown.wanted, key: shown.key, taken: false, said: "" };
  tell("go-without", move);
  if (move.taken) return;
  alarm(status ? say("serverGo") : move.said || say("offlineGo"), "attention");
  stayed = true;
}

// A form that cannot arrive is not sent: the move is taken from what is on this device.
function beforeForm(event) {
  if (event.detail.elt?.id !== "item-form" || !shown) return;
  if (connection.isReachable() || readOnly) return;
  event.preventDefault();
  formFailed();
  goWithout(0);
}

function statusText() {
  const waiting = new Set(queue.all().map((entry) => entry.item)).size;
  const oldest = waiting ? performance.now() - Math.min(...queue.all().map((entry) => entry.queuedAt)) : 0;
  const since = connection.downSince();
  const where = queue.durable ? "" : "Here";
  const count = waiting === 1 ? say(`waitingOne${where}`) : say(`waiting${where}`, waiting);
  if (since) {
    const line = say("offline", timeOfDay(since));
    return [waiting ? `${line}. ${count}` : line, "waiting"];
  }
  if (waiting && !connection.isKnown()) return [count, "waiting"];
  if (waiting && oldest > WAITING_FROM_MS) return [count, "waiting"];
  if (waiting || debounce) return [say("saving"), ""];
  if (refused) return [say("refused"), "refused"];
  const saved = shown && acknowledged.get(shown.key);
  return [saved ? say("saved", saved) : say("unsaved"), ""];
}

function show() {
  const line = document.getElementById("save-state");
  if (!line || !shown) return;
  const [text, tone] = statusText();
  if (line.textContent !== text) line.textContent = text;
  line.className = `save-state ${tone}`;
}

function beginItem() {
  const desk = document.getElementById("desk");
  if (!desk?.dataset.key) {
    shown = null;
    return;
  }
  if (shown?.desk === desk) return;
  const { key, revision, savedAt } = desk.dataset;
  revisions.set(key, Math.max(Number(revision), revisions.get(key) ?? 0));
  if (savedAt) acknowledged.set(key, savedAt);
  if (refused) alarm("");
  refused = "";
  shown = {
    desk,
    key,
    captured: JSON.stringify(pairsAsSent()),
    locked: "locked" in desk.dataset,
    since: document.visibilityState === "visible" ? performance.now() : null,
    spent: 0,
    submitted: 0,
    wanted: "",
    submitter: null,
    renewed: false,
  };
  values.set(key, JSON.parse(shown.captured));
  keep();
}

// A page is answered as soon as it is there, which is before it is said to be shown.
function follow() {
  if (shown && shown.desk !== document.getElementById("desk")) beginItem();
}

function onVisibility() {
  if (!shown) return;
  if (document.visibilityState === "visible") {
    shown.since ??= performance.now();
    return;
  }
  if (shown.since !== null) shown.spent += performance.now() - shown.since;
  shown.since = null;
  leave();
}

// On leaving, everything goes once more in a request that outlives the page.
function leave() {
  capture();
  const entries = queue.all().filter((entry, place, all) => isDue({ ...entry, sentAt: 0 }, place, all));
  if (!entries.length || !connection.isKnown()) return;
  const saves = entries.map(frame);
  const small = JSON.stringify(saves).length < LARGEST_KEEPALIVE;
  connection.post(page.save, { saves }, { keepalive: small }).catch(() => {});
}

// Sends all there is and waits until it is acknowledged, or until patience ends.
export function flush(patience = 3_000) {
  const wasFrozen = frozen;
  frozen = false;
  capture();
  frozen = wasFrozen;
  pump();
  if (!queue.size) return Promise.resolve(true);
  return new Promise((done) => {
    const until = performance.now() + patience;
    const look = setInterval(() => {
      if (queue.size && performance.now() < until) return;
      clearInterval(look);
      done(!queue.size);
    }, 30);
  });
}

export function waiting() {
  return queue.all();
}

export function isTurnedAway() {
  return queue.all().some((entry) => entry.turnedAway);
}

export function isDurable() {
  return queue.durable;
}

export function known() {
  return values;
}

export function freeze(now) {
  frozen = now;
}

// The right to write is gone: what is still here is sent once more, to be kept aside as drafts.
export function stopWriting() {
  if (readOnly) return;
  capture();
  readOnly = true;
  pump();
}

// Takes up what an earlier page left: as this page's own where nobody else wrote in between, else
// under its old lease, so that the server keeps it as a draft and nothing is merged blindly.
async function takeUp() {
  const left = await queue.open(page.queueKey);
  const known = new Set(queue.all().map((entry) => entry.key));
  const restored = left
    .filter((entry) => !known.has(entry.key))
    .map((entry) => {
      const kept = { ...entry, sentAt: 0, queuedAt: performance.now(), restored: true };
      if (entry.epoch && entry.writer !== page.writer) return kept;
      return { ...kept, epoch: 0, writer: connection.writer, client_seq: (sequence += 1) };
    });
  queue.restore(restored);
  for (const entry of restored) values.set(entry.item, entry.value);
  if (epoch || page.state !== "in_progress") pump();
  show();
}

export function setEpoch(value) {
  epoch = value;
  pump();
}

export function begin() {
  on("saved", onSaved);
  on("refused", onRefused);
  on("item-shown", beginItem);
  on("connected", () => (pump(), show()));
  on("disconnected", show);
  on("socket-closed", () => {
    for (const entry of queue.all()) entry.sentAt = 0;
    if (queue.size) later();
    show();
  });
  on("signed-in", () => (pump(), show()));
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#item-form [data-interaction]")) return;
    clearTimeout(debounce);
    debounce = setTimeout(keep, DEBOUNCE_MS);
    show();
  });
  // Scripts of the interactions tell a change that no control makes by itself.
  document.addEventListener("change", (event) => {
    if (event.target.closest("#item-form [data-interaction]")) keep();
  });
  document.addEventListener("focusout", (event) => {
    if (debounce && event.target.closest("#item-form [data-interaction]")) keep();
  });
  document.addEventListener("submit", prepareForm, true);
  document.addEventListener("htmx:beforeRequest", beforeForm);
  document.addEventListener("htmx:afterRequest", formAnswered);
  // Somebody may have gone on writing while the next page was on its way.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "desk" && event.detail.shouldSwap) keep();
  });
  document.addEventListener("visibilitychange", onVisibility);
  window.addEventListener("pagehide", leave);
  window.addEventListener("beforeunload", (event) => {
    if (queue.size && !connection.isReachable()) event.preventDefault();
  });
  setInterval(show, 1_000);
  beginItem();
  takeUp();
}
