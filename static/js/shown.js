// What the page says of the answers: the status line, and why an answer or the page itself stays where it is.

import { alarm, on, say, timeOfDay } from "./bus.js";
import * as answers from "./answers.js";
import * as captured from "./captured.js";
import * as connection from "./connection.js";

const WAITING_FROM_MS = 3_000;

let refused = "";
let stayed = false;

export function refuse(sentence) {
  refused = sentence;
}

// A press of a button that could not be answered: the page says why it is still there.
export function stay(sentence) {
  alarm(sentence, "attention");
  stayed = true;
}

// The server answers again: what was said of its silence no longer holds.
export function settle() {
  if (stayed) alarm("");
  stayed = false;
}

function status() {
  const waiting = answers.waiting();
  const items = new Set(waiting.map((entry) => entry.item)).size;
  const oldest = items ? performance.now() - Math.min(...waiting.map((entry) => entry.queuedAt)) : 0;
  const since = connection.downSince();
  const where = answers.isDurable() ? "" : "Here";
  const count = items === 1 ? say(`waitingOne${where}`) : say(`waiting${where}`, items);
  if (since) {
    const line = say("offline", timeOfDay(since));
    return [items ? `${line}. ${count}` : line, "waiting"];
  }
  if (items && (!connection.isKnown() || oldest > WAITING_FROM_MS)) return [count, "waiting"];
  if (items || captured.isTyping()) return [say("saving"), ""];
  if (refused) return [say("refused"), "refused"];
  const { key } = captured.here();
  if (answers.isOld(key)) return [say("newer"), ""];
  const saved = answers.savedAt(key);
  return [saved ? say("saved", saved) : say("unsaved"), ""];
}

export function show() {
  const line = document.getElementById("save-state");
  if (!line || !captured.here()) return;
  const [said, tone] = status();
  // The box that offers the file stands above the item, which may be scrolled.
  const text = document.getElementById("rescue")?.hidden === false ? `${said}. ${say("rescueAbove")}` : said;
  if (line.textContent !== text) line.textContent = text;
  line.className = `save-state ${tone}`;
}

function onItem() {
  if (refused) alarm("");
  refused = "";
}

export function begin() {
  on("item-begun", onItem);
  on("captured", () => (refused = ""));
  for (const name of ["standing", "connected", "disconnected", "socket-closed", "signed-in"]) on(name, show);
  setInterval(show, 1_000);
}
