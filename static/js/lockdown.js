// Notices what the sitting's policy watches, tells the server in batches, and shows what follows.

import { alarm, on, page, say } from "./bus.js";
import * as connection from "./connection.js";

const BATCH_MS = 600;
const MOST_KEPT = 200;
const MODIFIERS = ["control", "meta", "alt", "shift"];

const watched = new Set((page.watched ?? "").split(" ").filter(Boolean));
const shortcuts = new Set((page.shortcuts ?? "").split(" ").filter(Boolean));
let noticed = [];
let timer = 0;
let leaving = false;
let away = false;
let warned = false;

function notice(name, detail = "") {
  if (!watched.has(name) || page.state !== "in_progress" || leaving) return;
  noticed.push({ name, monotonic_ms: Math.round(performance.now()), detail });
  noticed = noticed.slice(-MOST_KEPT);
  clearTimeout(timer);
  timer = setTimeout(report, BATCH_MS);
}

async function report() {
  if (!noticed.length || leaving || !connection.isReachable()) return;
  const events = noticed.splice(0, 50);
  if (connection.send({ type: "events", events })) return;
  try {
    await connection.post(page.events, { events });
  } catch {
    noticed.unshift(...events);
  }
}

function isOwnText(target) {
  return target instanceof Element && target.closest("input, textarea, [contenteditable]") !== null;
}

function onCopy(event) {
  const name = event.type === "cut" ? "cut_attempt" : "copy_attempt";
  if (!watched.has(name) || isOwnText(event.target)) return;
  event.preventDefault();
  notice(name);
}

// What is pasted stays the candidate's: only its length is told.
function onPaste(event) {
  if (!watched.has("paste_attempt")) return;
  event.preventDefault();
  notice("paste_attempt", `${event.clipboardData?.getData("text").length ?? 0}`);
}

function onContextMenu(event) {
  if (!watched.has("context_menu")) return;
  event.preventDefault();
  notice("context_menu");
}

// An item's own pieces are made to be dragged; only what was marked or drawn beside them is not.
function onDrag(event) {
  if (!watched.has("drag_attempt")) return;
  if (event.target instanceof Element && event.target.closest('[draggable="true"]')) return;
  event.preventDefault();
  notice("drag_attempt");
}

// A frame of the item itself takes the keyboard, too; that is still this test.
function onBlur() {
  setTimeout(() => {
    if (document.hasFocus()) return;
    away = true;
    notice("window_blur");
  }, 0);
}

function onFocus() {
  if (away) notice("window_focus");
  away = false;
}

function watchScreens() {
  if (!watched.has("screen_extended") || !("isExtended" in screen)) return;
  let before = false;
  const look = () => {
    if (screen.isExtended && !before) notice("screen_extended");
    before = screen.isExtended;
  };
  screen.addEventListener?.("change", look);
  look();
}

// Keeps the screen on while the test runs; the browser lets go whenever the page is hidden.
async function stayAwake() {
  if (!("wakeLock" in navigator) || page.state !== "in_progress") return;
  if (document.visibilityState !== "visible") return;
  try {
    const lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => {
      if (document.visibilityState === "visible") notice("wake_lock_lost");
    });
  } catch {
    notice("wake_lock_lost");
  }
}

// Where the browser can, keys that would leave the test stay in it while it fills the screen.
function lockKeys() {
  if (!watched.has("keyboard_shortcut") || !document.fullscreenElement) return;
  navigator.keyboard?.lock?.(["Escape", "Tab", "MetaLeft", "MetaRight"]).catch(() => {});
}

// "mod" stands for Ctrl, or Command on a Mac; the policy may name either by itself, too.
function written(event, key) {
  const held = [event.ctrlKey && "ctrl", event.metaKey && "meta", event.altKey && "alt", event.shiftKey && "shift"].filter(Boolean);
  const exactly = [...held, key].join("+");
  return [exactly, exactly.replace(/^(ctrl|meta)\+/, "mod+")];
}

function onKey(event) {
  if (!watched.has("keyboard_shortcut")) return;
  const key = event.key.toLowerCase();
  if (MODIFIERS.includes(key) || !written(event, key).some((keys) => shortcuts.has(keys))) return;
  event.preventDefault();
  notice("keyboard_shortcut", [event.ctrlKey && "Ctrl", event.metaKey && "Meta", event.shiftKey && "Shift", event.key].filter(Boolean).join("+"));
}

export function cover(html) {
  const element = document.getElementById("cover");
  element.innerHTML = html;
  element.hidden = false;
  document.getElementById("desk")?.setAttribute("inert", "");
  const heading = element.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus();
}

export function uncover() {
  const element = document.getElementById("cover");
  if (element.hidden) return;
  element.hidden = true;
  element.replaceChildren();
  document.getElementById("desk")?.removeAttribute("inert");
  document.getElementById("item-title")?.focus();
}

// Shows a rule that fired: a reminder above the item, or a cover that somebody has to lift.
export function show(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html").querySelector("[data-overlay]");
  if (parsed?.dataset.action === "warn") {
    alarm([...parsed.querySelectorAll("h1, p")].map((line) => line.textContent.trim()).join(" "), "attention");
    warned = true;
    return;
  }
  if (parsed?.dataset.action === "ask_proctor") keepCovered(html);
  cover(html);
}

// A cover that waits for the proctor waits for them on the next page, too.
function keepCovered(html) {
  try {
    if (html) sessionStorage.setItem(`invigil.cover.${page.session}`, html);
    else sessionStorage.removeItem(`invigil.cover.${page.session}`);
  } catch {
    /* It then covers this page alone; the record has the call. */
  }
}

function coverAgain() {
  try {
    const html = sessionStorage.getItem(`invigil.cover.${page.session}`);
    if (html && page.state === "in_progress") cover(html);
  } catch {
    /* as above */
  }
}

export function answered() {
  keepCovered("");
  if (document.querySelector('#cover [data-action="ask_proctor"]')) uncover();
}

async function fillScreen() {
  try {
    await document.documentElement.requestFullscreen?.();
  } catch {
    /* A browser that cannot is not the candidate's fault; the policy hears of it by the exit. */
  }
}

function askForFullScreen() {
  if (!("fullscreen" in page) || document.fullscreenElement || page.state !== "in_progress") return;
  if (!document.fullscreenEnabled) return;
  const box = document.createElement("div");
  const title = Object.assign(document.createElement("h1"), { textContent: say("fullscreenTitle") });
  const text = Object.assign(document.createElement("p"), { textContent: say("fullscreenText"), className: "lead" });
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "button primary large",
    textContent: say("fullscreenButton"),
  });
  button.dataset.uncover = "";
  box.className = "overlay";
  box.append(title, text, button);
  cover(box.outerHTML);
}

export function begin() {
  document.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-uncover]")) return;
    if ("fullscreen" in page && !document.fullscreenElement) await fillScreen();
    uncover();
  });
  document.addEventListener("fullscreenchange", () => notice(document.fullscreenElement ? "fullscreen_enter" : "fullscreen_exit"));
  document.addEventListener("visibilitychange", () => notice(document.visibilityState === "visible" ? "tab_visible" : "tab_hidden"));
  document.addEventListener("copy", onCopy);
  document.addEventListener("cut", onCopy);
  document.addEventListener("paste", onPaste);
  document.addEventListener("contextmenu", onContextMenu);
  document.addEventListener("dragstart", onDrag);
  window.addEventListener("beforeprint", () => notice("print_attempt"));
  window.addEventListener("blur", onBlur);
  window.addEventListener("focus", onFocus);
  document.addEventListener("fullscreenchange", lockKeys);
  document.addEventListener("visibilitychange", stayAwake);
  watchScreens();
  stayAwake();
  document.addEventListener("keydown", onKey, true);
  // Going to the next page hides this one, too; that is nobody's fault.
  window.addEventListener("beforeunload", () => {
    leaving = true;
    setTimeout(() => (leaving = false), 2_000);
  });
  window.addEventListener("pagehide", () => (leaving = true));
  on("disconnected", () => notice("network_disconnect"));
  on("connected", () => {
    notice("network_reconnect");
    report();
  });
  on("item-shown", () => {
    if (warned) alarm("");
    warned = false;
  });
  askForFullScreen();
  coverAgain();
}
