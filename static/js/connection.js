// The way to the server: a socket while it holds, HTTP whenever it does not; both speak the same frames.

import { csrf, on, page, tell } from "./bus.js";
import * as line from "./line.js";

const HEARTBEAT_MS = 10_000;
const SILENCE_MS = 25_000;
const POLL_MS = 5_000;
const ATTEMPT_MS = 10_000;
// A refusal of the sign-in, not of the answer: the server is there and does not know who asks.
const STRANGER = new Set([401, 404]);

let socket = null;
let attempts = 0;
let heardAt = 0;
let pollTimer = 0;
let openTimer = 0;
// A page that came from this device begins where the one before it was: without the network.
let reachable = !("reopened" in page);
let offlineSince = Number(page.downSince) || 0;
let ended = false;
let epoch = 0;
let waitsForSignIn = false;

export const writer = page.goesOnAs || line.next();

export function isOpen() {
  return socket !== null && socket.readyState === WebSocket.OPEN;
}

export function isReachable() {
  return reachable;
}

export function isKnown() {
  return !waitsForSignIn;
}

export function downSince() {
  return isReachable() ? 0 : offlineSince;
}

export function setEpoch(value) {
  epoch = value;
}

export function heldEpoch() {
  return epoch;
}

export function send(frame) {
  if (!isOpen()) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

function note(now) {
  if (now === reachable) return;
  reachable = now;
  offlineSince = now ? 0 : Date.now();
  tell(now ? "connected" : "disconnected");
}

// Another way than ours noticed that the server is silent, such as a form that did not arrive.
export function noteSilence() {
  note(false);
}

function hear(frames) {
  for (const frame of frames) tell(frame.type, frame);
}

function address(url) {
  const item = document.getElementById("desk")?.dataset.key ?? "";
  const permitted = document.querySelector(".resume-form") ? "1" : "0";
  const asked = new URLSearchParams({ state: page.state, item, permitted, writer, epoch: String(epoch) });
  return `${url}?${asked}`;
}

// Sends a JSON body and tells every frame of the answer; throws where there was none.
export async function post(url, body, { keepalive = false } = {}) {
  const answer = await request(address(url), {
    method: "POST",
    keepalive,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  hear(answer.frames ?? [answer]);
  return answer;
}

export async function get(url) {
  return request(address(url), { method: "GET" });
}

async function fetched(url, options) {
  return fetch(url, {
    ...options,
    headers: { ...options.headers, Accept: "application/json", "X-CSRFToken": csrf() },
    credentials: "same-origin",
    redirect: "manual",
    signal: options.keepalive ? undefined : AbortSignal.timeout(ATTEMPT_MS),
  });
}

// The page's token is older than the sign-in: fetch the new one; false where nobody is signed in.
export async function renewToken() {
  const told = await (await fetched(page.again, { method: "GET" })).json();
  if (told.signed_in) setToken(told.csrf);
  return told.signed_in;
}

export function setToken(token) {
  document.querySelector('meta[name="csrf-token"]')?.setAttribute("content", token);
  for (const field of document.querySelectorAll('input[name="csrfmiddlewaretoken"]')) field.value = token;
}

async function request(url, options) {
  const asked = performance.now();
  let response;
  try {
    response = await fetched(url, options);
    if (response.type === "opaqueredirect" || response.status >= 500) throw new Error("no answer");
    if (response.status === 403 && (await response.clone().json()).reason === "form_expired") {
      response = (await renewToken()) ? await fetched(url, options) : null;
    }
  } catch (error) {
    note(false);
    throw error;
  }
  note(true);
  if (response === null || STRANGER.has(response.status)) {
    stranger();
    throw new Error("not signed in");
  }
  const answer = await response.json();
  const clock = answer.frames?.find((frame) => frame.type === "timer_sync");
  if (clock) tell("sample", { server: Date.parse(clock.server_time), asked, answered: performance.now() });
  return answer;
}

export function stranger() {
  if (waitsForSignIn) return;
  waitsForSignIn = true;
  tell("signed-out");
}

export function signedIn() {
  waitsForSignIn = false;
  tell("signed-in");
  clearTimeout(openTimer);
  if (!isOpen()) open();
}

// Asks how things stand, by whichever way works.
export async function ask() {
  if (send({ type: "save_progress", leave: 0 })) return;
  await poll();
}

export async function poll() {
  if (waitsForSignIn) return;
  try {
    const answer = await get(page.timerUrl);
    hear(answer.frames ?? [answer]);
  } catch {
    /* The status line says it, and the next poll tries again. */
  }
}

function ping() {
  send({ type: "ping", sent: Math.round(performance.now()) });
}

function open() {
  if (ended || !page.socket || waitsForSignIn) return;
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const mine = new WebSocket(`${scheme}//${location.host}${page.socket}`);
  socket = mine;
  mine.addEventListener("open", () => {
    attempts = 0;
    heardAt = performance.now();
    note(true);
    ping();
    tell("socket-open");
  });
  mine.addEventListener("message", (event) => {
    heardAt = performance.now();
    note(true);
    hear([JSON.parse(event.data)]);
  });
  mine.addEventListener("close", () => {
    if (socket === mine) socket = null;
    tell("socket-closed");
    attempts += 1;
    const wait = Math.min(30_000, 500 * 2 ** attempts) * (0.75 + Math.random() / 2);
    clearTimeout(openTimer);
    openTimer = setTimeout(open, wait);
    // The poll also says whether it was the sign-in that ended.
    schedulePoll(200);
  });
}

function schedulePoll(wait) {
  clearTimeout(pollTimer);
  pollTimer = setTimeout(async () => {
    if (!isOpen() && !ended) await poll();
    if (!isOpen() && !ended) schedulePoll(POLL_MS * (0.75 + Math.random() / 2));
  }, wait);
}

function beat() {
  if (!isOpen()) return;
  if (performance.now() - heardAt > SILENCE_MS) socket.close();
  else ping();
}

// A socket that swallowed a save is not to be trusted with the next one.
export function distrust() {
  if (socket) socket.close();
}

// A socket tells by its end that the page is gone; a page without one has to say so.
function leave() {
  ended = true;
  if (isOpen()) socket.close();
  else if (epoch && page.left && !waitsForSignIn) {
    post(page.left, { writer }, { keepalive: true }).catch(() => {});
  }
}

export function begin() {
  on("pong", (frame) =>
    tell("sample", { server: Date.parse(frame.server_time), asked: frame.sent, answered: performance.now() }),
  );
  window.addEventListener("pagehide", leave);
  window.addEventListener("offline", () => note(false));
  window.addEventListener("online", () => (isOpen() ? ping() : (open(), schedulePoll(0))));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") isOpen() ? ping() : schedulePoll(0);
  });
  setInterval(beat, HEARTBEAT_MS);
  open();
  // A socket that comes late, or never, is not waited for.
  schedulePoll(POLL_MS);
}
