// Shows the time that the server keeps. It never decides: at 0:00 it tells the page, which asks.

import { dayAndTime, on, page, politely, say, tell } from "./bus.js";
import * as connection from "./connection.js";

const WARNINGS = [30 * 60, 15 * 60, 10 * 60, 5 * 60, 60, 30];
const SHOWN_FROM_MS = 5 * 60_000;
const SAMPLES_LIVE_MS = 120_000;
const FAR_MS = 24 * 3_600_000;
const JUMP_MS = 2_000;

let timer = null;
let samples = [];
let hidden = false;
let announced = Infinity;
let zeroAt = "";
let lastWall = Date.now();
let lastMonotonic = performance.now();

// How far the server's time is ahead of this page's monotonic clock, by the quickest recent answer.
function offset() {
  const now = performance.now();
  const live = samples.filter((sample) => now - sample.at < SAMPLES_LIVE_MS);
  if (live.length) samples = live;
  const best = samples.reduce((one, other) => (other.rtt < one.rtt ? other : one), samples[0]);
  return best ? best.offset : 0;
}

function sample({ server, asked, answered }) {
  const rtt = Math.max(0, answered - asked);
  samples.push({ offset: server - (asked + rtt / 2), rtt, at: answered });
  if (samples.length > 24) samples.shift();
}

// The clock as the server last told it, for a page that was drawn before.
export function told() {
  return JSON.stringify(timer);
}

export function serverNow() {
  return performance.now() + offset();
}

function firstSample() {
  const visit = performance.getEntriesByType("navigation")[0];
  const answered = visit?.responseStart || performance.now();
  sample({ server: Date.parse(timer.server_time), asked: visit?.requestStart || answered, answered });
}

// What ends first: the test itself, or a section or item with a limit of its own.
function biting() {
  const ends = [];
  if (timer.deadline) ends.push({ at: Date.parse(timer.deadline), title: "" });
  for (const scope of timer.scopes ?? []) {
    if (!scope.soft && scope.deadline) ends.push({ at: Date.parse(scope.deadline), title: scope.title });
  }
  return ends.sort((one, other) => one.at - other.at)[0] ?? null;
}

function isRunning() {
  return timer.state === "in_progress";
}

function remaining(end) {
  return Math.max(0, end.at - serverNow());
}

export function written(ms) {
  const seconds = Math.ceil(ms / 1000);
  const rest = String(seconds % 60).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function spoken(seconds) {
  if (seconds === 60) return say("minuteLeft");
  return seconds > 60 ? say("minutesLeft", Math.round(seconds / 60)) : say("secondsLeft", seconds);
}

function speak() {
  delete document.getElementById("clock").dataset.asked;
  const end = timer && biting();
  politely(end ? `${say("timeLeft")}: ${written(remaining(end))}` : say("noLimit"));
}

function announce(ms) {
  const seconds = Math.ceil(ms / 1000);
  const due = WARNINGS.filter((warning) => seconds <= warning && warning < announced).pop();
  if (due === undefined) return;
  // A page that opens with eight minutes left does not first say fifteen.
  if (announced !== Infinity || seconds > due - 3) politely(spoken(due));
  announced = due;
}

function draw() {
  const root = document.getElementById("clock");
  if (!root || !timer || !isRunning()) return;
  const label = root.querySelector(".clock-label");
  const face = root.querySelector(".clock-time");
  const button = root.querySelector(".clock-hide");
  const end = biting();
  if (!end) {
    label.textContent = say("noLimit");
    face.textContent = "";
    if (button) button.hidden = true;
    return;
  }
  const left = remaining(end);
  const late = left <= SHOWN_FROM_MS;
  const far = left > FAR_MS;
  root.classList.toggle("far", far);
  if (button) {
    button.hidden = late || far;
    button.textContent = hidden ? say("show") : say("hide");
    button.setAttribute("aria-pressed", String(hidden));
  }
  if (far) {
    set(label, say("endsAt"));
    set(face, dayAndTime(end.at));
    return;
  }
  const covered = hidden && !late;
  set(label, covered ? say("hidden") : end.title ? `${say("leftIn")} ${end.title}` : say("timeLeft"));
  set(face, covered ? "" : written(left));
  root.classList.toggle("soon", late && left > 0);
  root.classList.toggle("over", left <= 0);
  announce(left);
  if (left <= 0) reachZero(end);
}

function reachZero(end) {
  const mark = new Date(end.at).toISOString();
  if (zeroAt === mark) return;
  zeroAt = mark;
  tell("zero", { scope: end.title });
}

// The server's clock counts: a page whose own is slow stops with it.
function stopNow() {
  const end = timer && isRunning() && biting();
  if (end) reachZero(end);
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function fill(list, texts) {
  if (!list) return;
  list.replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

function explain() {
  const root = document.getElementById("clock");
  if (!root) return;
  fill(root.querySelector("[data-reasons]"), (timer.reasons ?? []).slice(timer.deadline ? 1 : 0));
  const scopes = (timer.scopes ?? []).filter((scope) => scope.deadline);
  fill(
    root.querySelector("[data-scopes]"),
    scopes.map((scope) => `${scope.title}: ${written(Math.max(0, Date.parse(scope.deadline) - serverNow()))}`),
  );
  const shown = root.querySelector("[data-deadline]");
  if (shown && timer.reasons?.length) shown.textContent = timer.reasons[0];
}

function update(frame) {
  const before = timer;
  timer = frame;
  const changed = before?.deadline && frame.deadline && before.deadline !== frame.deadline;
  if (changed && Math.abs(Date.parse(frame.deadline) - Date.parse(before.deadline)) > JUMP_MS && isRunning()) {
    const end = biting();
    announced = Infinity;
    if (end) politely(say("timeChanged", written(remaining(end))));
    tell("time-changed");
  }
  if (zeroAt && biting() && remaining(biting()) > 0) {
    zeroAt = "";
    tell("more-time");
  }
  explain();
  draw();
}

// A device that slept, or whose clock was set, has no samples that can be trusted.
function watchForSleep() {
  const wall = Date.now();
  const monotonic = performance.now();
  if (Math.abs(wall - lastWall - (monotonic - lastMonotonic)) > JUMP_MS || monotonic - lastMonotonic > 15_000) {
    const newest = samples.at(-1);
    samples = newest && monotonic - newest.at < 1_000 ? [newest] : samples.slice(-1);
    connection.poll();
  }
  lastWall = wall;
  lastMonotonic = monotonic;
}

function fromPage() {
  const source = document.getElementById("desk")?.dataset.timer || document.getElementById("clock")?.dataset.timer;
  if (source) update(JSON.parse(source));
}

export function begin() {
  const root = document.getElementById("clock");
  if (!root) return;
  timer = JSON.parse(root.dataset.timer);
  firstSample();
  on("sample", sample);
  on("timer_sync", update);
  on("due", stopNow);
  on("item-shown", fromPage);
  try {
    hidden = sessionStorage.getItem("invigil.clock") === "hidden";
  } catch {
    /* Remembering it is a convenience. */
  }
  root.addEventListener("click", (event) => {
    if (!event.target.closest(".clock-hide")) return;
    hidden = !hidden;
    try {
      sessionStorage.setItem("invigil.clock", hidden ? "hidden" : "");
    } catch {
      /* as above */
    }
    draw();
  });
  root.addEventListener("say-time", speak);
  if ("asked" in root.dataset) speak();
  explain();
  draw();
  setInterval(() => {
    watchForSleep();
    draw();
  }, 250);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && page.state === "in_progress") connection.ask();
  });
}
