// What a page knows that is loaded again without the network: kept in the service worker's memory, on no disk.

import { page } from "./bus.js";

const PATIENCE_MS = 3_000;

let worker = null;
let recalled = null;

export const isPossible = "serviceWorker" in navigator && "caches" in window;

// Finds the worker that keeps this session's pages; nothing is remembered before it is there.
export async function begin() {
  if (!isPossible) return false;
  const registration = await navigator.serviceWorker.getRegistration("/sessions/");
  worker = registration?.active ?? null;
  return worker !== null;
}

export function keepIn(active) {
  worker = active;
}

// A newer worker has taken the place of the one that knew.
export function follow(changed) {
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    worker = navigator.serviceWorker.controller ?? worker;
    changed();
  });
}

// In order and at once: also what a page says in its last moment arrives.
export function remember(memory) {
  worker?.postMessage({ type: "remember", session: page.session, memory });
}

export function forget() {
  worker?.postMessage({ type: "forget" });
}

export async function recall() {
  if (!(await begin())) return null;
  const { port1, port2 } = new MessageChannel();
  recalled = await new Promise((answered) => {
    port1.onmessage = (event) => answered(event.data);
    setTimeout(() => answered(null), PATIENCE_MS);
    worker.postMessage({ type: "recall", session: page.session }, [port2]);
  });
  return recalled;
}

export function known() {
  return recalled;
}
