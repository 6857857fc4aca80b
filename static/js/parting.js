// A form that ends something waits for the answers that are still on their way: behind it they would only be kept aside.

import { alarm, say } from "./bus.js";
import * as saving from "./saving.js";

// Longer than a socket is waited for, before the answers go by the other way.
const PATIENCE_MS = 12_000;
const LOOK_MS = 30;

let isLooking = false;
let isTold = false;

function waiting() {
  return new Set(saving.waiting().filter((entry) => !entry.turnedAway).map((entry) => entry.item)).size;
}

// What an earlier page left has to be found first.
async function sent() {
  const until = performance.now() + PATIENCE_MS;
  while (saving.memory() === null && performance.now() < until) await new Promise((done) => setTimeout(done, LOOK_MS));
  if (waiting()) await saving.flush(PATIENCE_MS);
  return !waiting();
}

async function onSubmit(event) {
  const form = event.target.closest?.("form[data-parting]");
  // Whoever was told may go on all the same.
  if (!form || isTold || (saving.memory() !== null && !waiting())) return;
  event.preventDefault();
  if (isLooking) return;
  isLooking = true;
  alarm(say("parting"), "attention");
  if (await sent()) return form.submit();
  isLooking = false;
  isTold = true;
  const count = waiting();
  alarm(count === 1 ? say("partingOne") : say("partingMany", count), "attention");
}

export function begin() {
  document.addEventListener("submit", onSubmit, true);
}
