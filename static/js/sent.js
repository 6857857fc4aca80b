// Answers on their way to the server: by socket or by HTTP, again until each is acknowledged or kept aside.

import { alarm, on, page, tell } from "./bus.js";
import * as answers from "./answers.js";
import * as captured from "./captured.js";
import * as connection from "./connection.js";
import * as shown from "./shown.js";

const PATIENCE_MS = 8_000;
const DRAW_MS = 3_000;
const LARGEST = 380_000;
const LARGEST_KEEPALIVE = 60_000;
const MOST_AT_ONCE = 50;
// The answer is on the server in another form: there is nothing to tell.
const SUPERSEDED = new Set(["stale", "item_closed"]);
// What cannot be read, or does not fit, the server forgets: to be mended, not kept.
const FORGOTTEN = new Set(["malformed", "too_large", "not_valid", "no_such_item"]);

let retry = 0;
let failures = 0;

export function pump() {
  clearTimeout(retry);
  if (!connection.isKnown()) return;
  const ready = answers.waiting().filter((entry) => !entry.sentAt).slice(0, MOST_AT_ONCE);
  if (!ready.length) return lookAgain();
  if (!connection.isOpen()) return void overHttp(ready);
  for (const entry of ready) {
    const told = answers.frame(entry);
    if (JSON.stringify(told).length > LARGEST) return void overHttp(ready);
    entry.sentAt = performance.now();
    connection.send(told);
  }
  lookAgain();
}

// What is on its way is not forgotten, whoever carries it.
function lookAgain() {
  if (answers.waiting().length) retry = setTimeout(doubt, PATIENCE_MS);
}

async function overHttp(ready) {
  for (const entry of ready) entry.sentAt = performance.now();
  try {
    await connection.post(page.save, { saves: ready.map(answers.frame) });
    failures = 0;
  } catch {
    failures += 1;
  }
  for (const entry of ready) entry.sentAt = 0;
  if (answers.waiting().length) later();
  shown.show();
}

function later() {
  clearTimeout(retry);
  const wait = Math.min(30_000, 1_000 * 2 ** Math.min(failures, 5)) * (0.75 + Math.random() / 2);
  retry = setTimeout(pump, wait);
}

// What the socket has not acknowledged in time goes again, by HTTP: the same key twice is one answer.
function doubt() {
  const waiting = answers.waiting();
  const silent = waiting.filter((entry) => entry.sentAt && !entry.turnedAway && performance.now() - entry.sentAt >= PATIENCE_MS);
  if (!silent.length) return void (waiting.length && later());
  for (const entry of silent) entry.sentAt = 0;
  connection.distrust();
  overHttp(silent);
}

function onSaved(frame) {
  const here = captured.here();
  const isHere = here?.key === frame.item;
  const entry = answers.acknowledge(frame, isHere ? here.captured : null);
  if (isHere) captured.setField("base_revision", answers.revision(frame.item));
  failures = 0;
  shown.refuse("");
  shown.settle();
  shown.show();
  // An earlier page's answer is saved now: the next one may go.
  if (entry?.restored) pump();
  drawAnew();
}

// An answer that an earlier page sent in its last moment may come after this page was drawn.
function onItem(frame) {
  answers.hearOf(frame.item, frame.revision);
  drawAnew();
  shown.show();
}

// The page was drawn before the answer that is saved was there.
function drawAnew() {
  const here = captured.here();
  if (!here || !answers.isOld(here.key) || captured.isTyping() || !connection.isReachable()) return;
  if (captured.isCaptured()) tell("stale-page");
}

function onRefused(frame) {
  // Refusals of other requests are shown by whoever asked.
  if (!frame.key) return;
  const entry = answers.find(frame.key);
  if (entry && !frame.kept_as && !FORGOTTEN.has(frame.reason)) return turnedAway(entry, frame);
  answers.remove((one) => one.key !== frame.key);
  if (frame.reason === "lease_lost") {
    tell("draft", frame);
    if (entry?.restored) pump();
    else tell("lease-lost");
    return shown.show();
  }
  const isOlder = entry ? answers.isOvertaken(entry) : true;
  if (!(isOlder && SUPERSEDED.has(frame.reason))) {
    shown.refuse(frame.sentence);
    alarm(frame.sentence);
  }
  if (entry?.restored) pump();
  drawAnew();
  shown.show();
  connection.poll();
}

// The server keeps no more of this session aside: then it stays here, for the sealed file.
function turnedAway(entry, frame) {
  entry.sentAt = performance.now();
  entry.turnedAway = true;
  shown.refuse(frame.sentence);
  shown.show();
}

export function isTurnedAway() {
  return answers.waiting().some((entry) => entry.turnedAway);
}

// On leaving, everything goes once more in a request that outlives the page.
function leave() {
  captured.capture();
  const entries = answers.waiting();
  if (!entries.length || !connection.isKnown()) return;
  const saves = entries.map(answers.frame);
  const small = JSON.stringify(saves).length < LARGEST_KEEPALIVE;
  connection.post(page.save, { saves }, { keepalive: small }).catch(() => {});
}

// Sends all there is and waits until it is acknowledged, or until patience ends.
export function flush(patience = 3_000) {
  captured.captureLast();
  pump();
  if (!answers.waiting().length) return Promise.resolve(true);
  return new Promise((done) => {
    const until = performance.now() + patience;
    const look = setInterval(() => {
      const isEmpty = !answers.waiting().length;
      if (!isEmpty && performance.now() < until) return;
      clearInterval(look);
      done(isEmpty);
    }, 30);
  });
}

export function setEpoch(value) {
  answers.setEpoch(value);
  pump();
}

async function takeUp() {
  await answers.takeUp();
  if (answers.present() || page.state !== "in_progress") pump();
  shown.show();
}

function onSocketClosed() {
  for (const entry of answers.waiting()) entry.sentAt = 0;
  if (answers.waiting().length) later();
}

function onVisibility() {
  const isVisible = document.visibilityState === "visible";
  captured.watch(isVisible);
  if (!isVisible) leave();
}

export function begin() {
  on("saved", onSaved);
  on("refused", onRefused);
  on("item", onItem);
  on("captured", pump);
  on("connected", pump);
  on("signed-in", pump);
  on("socket-closed", onSocketClosed);
  document.addEventListener("visibilitychange", onVisibility);
  window.addEventListener("pagehide", leave);
  window.addEventListener("beforeunload", (event) => {
    captured.keep();
    if (answers.waiting().length && !connection.isReachable()) event.preventDefault();
  });
  setInterval(drawAnew, DRAW_MS);
  takeUp();
}
