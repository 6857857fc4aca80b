// The names of this browser's pages, each of which comes after the one before: `<line>.<place>.<own>`.
// A page that another one had taken over from begins a new line; so the server knows what came last.

import { page, randomId } from "./bus.js";

const SHORT = 16;

function key() {
  return `invigil.line.${page.session}`;
}

function read(name) {
  const [line, place, own] = (name ?? "").split(".");
  return own && /^\d{1,9}$/.test(place) ? { line, place: Number(place) } : null;
}

// A page that could not claim yet is known here alone.
function recall() {
  try {
    return JSON.parse(localStorage.getItem(key()) ?? "null");
  } catch {
    return null;
  }
}

function remember(now) {
  try {
    localStorage.setItem(key(), JSON.stringify(now));
  } catch {
    /* The server's word on the page before this one is enough, once it had claimed. */
  }
}

// The name of this page: it continues the line of the page that may write, while that is not taken.
export function next() {
  if (!("writer" in page)) return randomId();
  const epoch = Number(page.epoch);
  const before = recall();
  const held = read(page.writer);
  const own = !page.writer && before?.epoch === epoch ? before.line : randomId().slice(0, SHORT);
  const line = held?.line ?? own;
  const place = Math.max(held?.place ?? 0, before?.line === line ? before.place : 0) + 1;
  remember({ line, place, epoch });
  return `${line}.${place}.${randomId().slice(0, SHORT)}`;
}

export function isOne(writer, other) {
  const [one, two] = [read(writer), read(other)];
  return writer === other || (one !== null && one.line === two?.line);
}

// Whether one answer was given after another; false where their pages do not say.
export function isNewer(one, other) {
  if (one.writer === other.writer) return one.client_seq > other.client_seq;
  return isOne(one.writer, other.writer) && read(one.writer).place > read(other.writer).place;
}

// Whether an answer is the other one, or was given before it.
export function isOvertaken(one, by) {
  return isOne(one.writer, by.writer) && !isNewer(one, by);
}

// A test that is over needs no order any more.
export function forget() {
  try {
    localStorage.removeItem(key());
  } catch {
    /* Then nothing was remembered. */
  }
}
