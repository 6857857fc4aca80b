// What this page knows of its candidate's answers: the newest of each item, what is saved, and what waits to be sent.

import { page, randomId, tell } from "./bus.js";
import * as connection from "./connection.js";
import * as line from "./line.js";
import { SealedQueue } from "./queue.js";
import * as recollection from "./recollection.js";

// A page that goes on as the one before it leaves room for what that one numbered last.
const GAP = 1_000;

const queue = new SealedQueue(page.session);
const revisions = new Map();
const saved = new Map();
const newest = new Map();
// The newest answer to each item that this page knows, whether it is saved or waits.
const values = new Map();

// Of each item: the newest revision of which the server told, whoever sent it, and the one that is shown.
const told = new Map();
const drawn = new Map();

let epoch = 0;
let sequence = 0;
let isTakenUp = false;

export function next() {
  return (sequence += 1);
}

export function waiting() {
  return queue.all();
}

export function of(item) {
  return queue.all().filter((entry) => entry.item === item);
}

export function find(key) {
  return queue.all().find((entry) => entry.key === key);
}

export function isDurable() {
  return queue.durable;
}

export function known() {
  return values;
}

export function revision(item) {
  return revisions.get(item) ?? 0;
}

// The server says which answer is the newest saved one.
export function hearOf(item, revision_) {
  told.set(item, Math.max(revision_, told.get(item) ?? 0));
}

// Whether what is saved is another answer than the one that is shown, with none to come after it.
export function isOld(item) {
  return (told.get(item) ?? 0) > (drawn.get(item) ?? 0) && !of(item).length;
}

export function savedAt(item) {
  return saved.get(item);
}

export function present() {
  return epoch;
}

export function setEpoch(value) {
  epoch = value;
}

// The page that was drawn says how an item stood.
export function learn(item, value, revision_, savedAt_) {
  revisions.set(item, Math.max(revision_, revision(item)));
  drawn.set(item, revision_);
  if (savedAt_) saved.set(item, savedAt_);
  values.set(item, value);
}

export function note(item, value) {
  values.set(item, value);
}

// A number that this page gave to an answer, or to a form that carries one.
export function number(item, value) {
  newest.set(item, Math.max(newest.get(item) ?? 0, value));
}

export function isOvertaken(entry) {
  return newest.has(entry.item) && line.isNewer({ writer: connection.writer, client_seq: newest.get(entry.item) }, entry);
}

export function add(item, value, text, elapsed) {
  const entry = {
    type: "answer",
    item,
    value,
    base_revision: revision(item),
    client_seq: next(),
    key: randomId(),
    elapsed_ms: elapsed,
    epoch,
    writer: connection.writer,
    text,
    sentAt: 0,
    queuedAt: performance.now(),
    writtenAt: Date.now(),
  };
  number(item, entry.client_seq);
  queue.add(entry);
  tell("waiting-changed");
}

export function remove(keep) {
  const before = queue.size;
  queue.remove(keep);
  if (queue.size !== before) tell("waiting-changed");
}

// An entry as the server is told it.
export function frame(entry) {
  const { sentAt, queuedAt, writtenAt, restored, turnedAway, text, ...told } = entry;
  const base = restored ? entry.base_revision : (revisions.get(entry.item) ?? entry.base_revision);
  return { ...told, epoch: entry.epoch || epoch, base_revision: base };
}

// The server has an answer; returns the entry that it acknowledges, if it still waited.
// `text` is what the page shows of that item.
export function acknowledge(frame_, text) {
  const { item, key, revision: now } = frame_;
  const entry = find(key);
  remove((one) => one.key !== key && !(entry && one.item === entry.item && line.isOvertaken(one, entry)));
  revisions.set(item, Math.max(revision(item), now));
  hearOf(item, now);
  if (entry && entry.text === text) drawn.set(item, Math.max(drawn.get(item) ?? 0, now));
  saved.set(item, frame_.saved_at);
  return entry;
}

// Takes up what an earlier page left, under that page's own name: where nobody else wrote in between
// the server knows the order, else it keeps it as a draft, and nothing is merged blindly.
export async function takeUp() {
  const stored = await queue.open(page.queueKey);
  // What the page before this one said last may not have reached the store.
  const recalled = recollection.known()?.answers.waiting ?? [];
  const known = new Set([...recalled, ...queue.all()].map((entry) => entry.key));
  const restored = [...stored.filter((entry) => !known.has(entry.key)), ...recalled].map(adopted);
  queue.restore(restored);
  isTakenUp = true;
  for (const entry of restored) if (!newest.has(entry.item)) values.set(entry.item, entry.value);
  tell("waiting-changed");
}

function adopted(entry) {
  const kept = { ...entry, sentAt: 0, queuedAt: performance.now() };
  // This page may go on as the one that wrote it.
  return entry.writer === connection.writer ? kept : { ...kept, restored: true };
}

// What a page that goes on as this one has to know; null before this page knows what an earlier one left.
export function memory() {
  if (!isTakenUp) return null;
  return { epoch, sequence, revisions, saved, newest, values, waiting: queue.all() };
}

export function goOn(memory_) {
  epoch = memory_.epoch;
  sequence = memory_.sequence + GAP;
  const maps = { revisions, saved, newest, values };
  for (const [name, map] of Object.entries(maps)) for (const [key, value] of memory_[name]) map.set(key, value);
}
