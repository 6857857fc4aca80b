// The item on the page as its candidate has answered it: read from the form, and queued when it changed.

import { on, tell } from "./bus.js";
import * as answers from "./answers.js";

const DEBOUNCE_MS = 800;

let shown = null;
let debounce = 0;
let frozen = false;
let readOnly = false;

export function form() {
  return document.getElementById("item-form");
}

export function setField(name, value) {
  const field = form()?.elements.namedItem(name);
  if (field) field.value = value;
}

export function pairs(of = form()) {
  const data = of ? [...new FormData(of).entries()] : [];
  return data.filter(([name, value]) => name.startsWith("r.") && typeof value === "string");
}

// The answer as the server sent it: somebody may have chosen before this script was there.
function pairsAsSent() {
  const copy = form()?.cloneNode(true);
  copy?.reset();
  return pairs(copy ?? null);
}

export function elapsed() {
  const running = shown.since === null ? 0 : performance.now() - shown.since;
  return Math.round(shown.spent + running);
}

// The item that the page shows, null where it shows none.
export function here() {
  follow();
  return shown;
}

export function isTyping() {
  return debounce !== 0;
}

export function isStill() {
  return frozen || readOnly;
}

export function isReadOnly() {
  return readOnly;
}

export function isCaptured() {
  return JSON.stringify(pairs()) === shown.captured;
}

// Puts the item's present answer into the queue, if it differs from what was last put there.
export function capture() {
  clearTimeout(debounce);
  debounce = 0;
  follow();
  if (!shown || shown.locked || isStill()) return false;
  const value = pairs();
  const text = JSON.stringify(value);
  answers.note(shown.key, value);
  if (text === shown.captured) return false;
  shown.captured = text;
  if (answers.of(shown.key).at(-1)?.text === text) return false;
  answers.add(shown.key, value, text, elapsed());
  return true;
}

export function keep() {
  if (capture()) tell("captured");
  tell("standing");
}

// What is there when the time is up still counts.
export function captureLast() {
  const wasFrozen = frozen;
  frozen = false;
  capture();
  frozen = wasFrozen;
}

export function freeze(now) {
  frozen = now;
}

export function stopWriting() {
  capture();
  readOnly = true;
}

function beginItem() {
  const desk = document.getElementById("desk");
  if (!desk?.dataset.key) {
    shown = null;
    return;
  }
  if (shown?.desk === desk) return;
  const { key, revision, savedAt } = desk.dataset;
  const sent = pairsAsSent();
  answers.learn(key, sent, Number(revision), savedAt);
  tell("item-begun");
  shown = {
    desk,
    key,
    captured: JSON.stringify(sent),
    locked: "locked" in desk.dataset,
    since: document.visibilityState === "visible" ? performance.now() : null,
    spent: 0,
  };
  keep();
}

// A page is answered as soon as it is there, which is before it is said to be shown.
function follow() {
  if (shown && shown.desk !== document.getElementById("desk")) beginItem();
}

// Time counts while the page can be seen.
export function watch(isVisible) {
  if (!shown) return;
  if (isVisible) {
    shown.since ??= performance.now();
    return;
  }
  if (shown.since !== null) shown.spent += performance.now() - shown.since;
  shown.since = null;
}

function isAnswer(event) {
  return event.target.closest("#item-form [data-interaction]");
}

export function begin() {
  on("item-shown", beginItem);
  document.addEventListener("input", (event) => {
    if (!isAnswer(event)) return;
    clearTimeout(debounce);
    debounce = setTimeout(keep, DEBOUNCE_MS);
    tell("standing");
  });
  // Scripts of the interactions tell a change that no control makes by itself.
  document.addEventListener("change", (event) => {
    if (isAnswer(event)) keep();
  });
  document.addEventListener("focusout", (event) => {
    if (debounce && isAnswer(event)) keep();
  });
  // Somebody may have gone on writing while the next page was on its way.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "desk" && event.detail.shouldSwap) keep();
  });
  beginItem();
}
