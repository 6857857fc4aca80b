// The item page's own conveniences: focus, the divider, freezing.

import { tell } from "./bus.js";

const STEP = 5;

let returnTo = "";

function share(divider, percent) {
  const value = Math.min(75, Math.max(25, percent));
  divider.parentElement.style.setProperty("--share", `${value}%`);
  divider.setAttribute("aria-valuenow", String(Math.round(value)));
  try {
    sessionStorage.setItem("invigil.divider", String(value));
  } catch {
    /* The page keeps it until it is left. */
  }
}

function placeDivider() {
  const divider = document.querySelector(".divider");
  if (!divider) return;
  let kept = 50;
  try {
    kept = Number(sessionStorage.getItem("invigil.divider")) || 50;
  } catch {
    /* as above */
  }
  share(divider, kept);
}

function isRightToLeft() {
  return getComputedStyle(document.documentElement).direction === "rtl";
}

function onDrag(event) {
  const divider = event.target.closest?.(".divider");
  if (!divider) return;
  event.preventDefault();
  divider.setPointerCapture(event.pointerId);
  const move = (moved) => {
    const box = divider.parentElement.getBoundingClientRect();
    const part = ((moved.clientX - box.left) / box.width) * 100;
    share(divider, isRightToLeft() ? 100 - part : part);
  };
  divider.addEventListener("pointermove", move);
  divider.addEventListener("lostpointercapture", () => divider.removeEventListener("pointermove", move), { once: true });
}

function onDividerKey(event) {
  const forward = isRightToLeft() ? "ArrowLeft" : "ArrowRight";
  const backward = isRightToLeft() ? "ArrowRight" : "ArrowLeft";
  const now = Number(event.target.getAttribute("aria-valuenow"));
  const wanted = { [forward]: now + STEP, [backward]: now - STEP, Home: 25, End: 75 }[event.key];
  if (wanted === undefined) return;
  event.preventDefault();
  share(event.target, wanted);
}

function onKey(event) {
  if (event.target.matches?.(".divider")) return onDividerKey(event);
  if (event.key === "Enter" && event.target.matches?.("#item-form input:not([type=file])")) event.preventDefault();
}

function show() {
  placeDivider();
  tell("item-shown");
}

function afterSwap(event) {
  // Where the sign-in was refused, nothing was put in the desk's place.
  if (event.target.id !== "desk" || event.detail.xhr?.getResponseHeader("X-Sign-In")) return;
  show();
  const wanted = returnTo && document.getElementById(returnTo);
  returnTo = "";
  window.scrollTo(0, 0);
  (wanted || document.querySelector("#desk [role=alert], #item-title, #desk h1"))?.focus({ preventScroll: true });
}

// A pause takes the page away; after it, the candidate is where they were.
export function keepFocus() {
  const control = document.activeElement?.closest?.("#item-form [id]");
  const key = document.getElementById("desk")?.dataset.key;
  if (!control || !key) return;
  try {
    sessionStorage.setItem("invigil.focus", JSON.stringify({ key, id: control.id }));
  } catch {
    /* Then the page begins at its top. */
  }
}

function restoreFocus() {
  const key = document.getElementById("desk")?.dataset.key;
  if (!key) return;
  try {
    const kept = JSON.parse(sessionStorage.getItem("invigil.focus") ?? "null");
    sessionStorage.removeItem("invigil.focus");
    if (kept?.key === key) document.getElementById(kept.id)?.focus();
  } catch {
    /* as above */
  }
}

export function freeze(now) {
  document.querySelectorAll(".item .item-text").forEach((part) => part.toggleAttribute("inert", now));
  document.body.classList.toggle("frozen", now);
}

export function begin() {
  document.addEventListener("pointerdown", onDrag);
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:afterSettle", afterSwap);
  document.addEventListener("htmx:beforeRequest", (event) => {
    // The flag keeps the focus where it is; every other way begins at the item's number.
    const pressed = event.detail.requestConfig?.triggeringEvent?.submitter;
    returnTo = pressed?.id === "flag" ? "flag" : "";
  });
  placeDivider();
  restoreFocus();
}
