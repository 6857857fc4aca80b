// A candidate's comments on items: kept like answers until the server has them, whatever page is shown meanwhile.

import { on, page, randomId } from "./bus.js";
import * as answers from "./answers.js";
import * as captured from "./captured.js";
import * as connection from "./connection.js";
import { SealedQueue } from "./queue.js";
import * as recollection from "./recollection.js";

const PAUSE_MS = 1_000;
const AGAIN_MS = 8_000;
const LARGEST_KEEPALIVE = 60_000;
// What the server has said its last word on: it is kept, kept aside, or cannot be.
const DECIDED = new Set(["comment_late", "too_large", "no_comments", "no_such_item", "malformed"]);

const queue = new SealedQueue(`comments ${page.session}`);

// The last comment on each item that this page knows, whether it is saved or waits.
const latest = new Map();

let shown = null;
let pause = 0;
let again = 0;
let isSending = false;

function of(item) {
  return queue.all().findLast((entry) => entry.item === item);
}

// What a page that goes on as this one has to know.
export function memory() {
  return { waiting: queue.all(), latest };
}

export function waiting() {
  return queue.all();
}

export function isDurable() {
  return queue.durable;
}

function say(item, name, value = "") {
  if (shown?.item !== item || !shown.box.isConnected) return;
  const line = shown.box.querySelector("[data-comment-state]");
  const text = (shown.box.dataset[name] ?? name).replace("%s", value);
  if (line.textContent !== text) line.textContent = text;
}

// Puts what is written into the queue, if it differs from what was last put there.
export function keep() {
  clearTimeout(pause);
  if (!shown || shown.field.value === shown.kept || captured.isReadOnly()) return;
  shown.kept = shown.field.value;
  latest.set(shown.item, shown.kept);
  const client_seq = answers.next();
  shown.seq.value = client_seq;
  const { item, url } = shown;
  const told = { item, url, comment: shown.kept, client_seq, writer: connection.writer, epoch: answers.present() };
  const now = { queuedAt: performance.now(), writtenAt: Date.now() };
  queue.add({ ...told, ...now, key: randomId(), sentAt: 0 });
  say(item, "saving");
  pump();
}

function told({ comment, writer, client_seq, epoch }) {
  return { comment, writer, client_seq, epoch: epoch || answers.present() };
}

// One after the other, so that the last word comes last.
async function pump() {
  clearTimeout(again);
  const [entry] = queue.all();
  if (!entry || isSending || !connection.isKnown()) return;
  isSending = true;
  entry.sentAt = performance.now();
  const answer = await connection.post(entry.url, told(entry)).catch(() => null);
  entry.sentAt = 0;
  isSending = false;
  const isOver = answer?.saved_at || (answer && (DECIDED.has(answer.reason) || !entry.comment));
  if (isOver) queue.remove((one) => one.key !== entry.key);
  if (!of(entry.item)) answer?.saved_at ? say(entry.item, "saved", answer.saved_at) : say(entry.item, answer.sentence);
  else if (!answer) say(entry.item, "waiting");
  if (isOver) return pump();
  again = setTimeout(pump, AGAIN_MS * (0.75 + Math.random() / 2));
}

// On leaving, everything goes once more in requests that outlive the page.
function leave() {
  keep();
  if (!connection.isKnown()) return;
  for (const entry of queue.all()) {
    const keepalive = entry.comment.length * 3 < LARGEST_KEEPALIVE;
    connection.post(entry.url, told(entry), { keepalive }).catch(() => {});
  }
}

// What waits is newer than what the page was drawn with; so is what is known, where the device drew it.
function fill() {
  if (!shown || shown.field.value !== shown.drawn) return;
  const entry = of(shown.item);
  const text = entry?.comment ?? (connection.isReachable() ? undefined : latest.get(shown.item));
  if (text === undefined) return;
  shown.field.value = shown.kept = text;
  shown.box.open ||= text !== "";
  if (entry) say(shown.item, "waiting");
}

function show() {
  const box = document.querySelector("[data-comment]");
  if (shown?.box === box) return;
  shown = null;
  if (!box) return;
  const [field, seq] = [box.querySelector("textarea"), box.querySelector('[name="comment_seq"]')];
  const item = document.getElementById("desk").dataset.key;
  shown = { box, field, seq, item, url: box.dataset.comment, kept: field.value, drawn: field.value };
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(keep, PAUSE_MS);
  });
  field.addEventListener("change", keep);
  fill();
}

async function takeUp() {
  const stored = await queue.open(page.queueKey);
  const before = recollection.known()?.remarks;
  const recalled = before?.waiting ?? [];
  for (const [item, text] of before?.latest ?? []) if (!latest.has(item)) latest.set(item, text);
  const known = new Set([...recalled, ...queue.all()].map((entry) => entry.key));
  const restored = [...stored.filter((entry) => !known.has(entry.key)), ...recalled];
  queue.restore(restored.map((entry) => ({ ...entry, queuedAt: performance.now() })));
  fill();
  pump();
}

export function begin() {
  for (const name of ["connected", "signed-in"]) on(name, pump);
  on("item-shown", show);
  on("zero", keep);
  document.addEventListener("htmx:load", show);
  // Somebody may be writing while the item is drawn anew.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "desk" && event.detail.shouldSwap) keep();
  });
  document.addEventListener("submit", keep, true);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
  window.addEventListener("pagehide", leave);
  show();
  takeUp();
}
