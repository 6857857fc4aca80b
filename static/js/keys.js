// The candidate's shortcuts: at work before the first item is drawn, so that no key is ever too early.
"use strict";

(() => {
  const PRESSED = { KeyN: "#next", KeyB: "#back", KeyG: "#flag", KeyM: ".map-button" };

  // The clock says the time as soon as its script is there.
  function sayTime() {
    const clock = document.getElementById("clock");
    if (!clock) return;
    clock.dataset.asked = "";
    clock.dispatchEvent(new Event("say-time"));
  }

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return;
    const wanted = PRESSED[event.code];
    if (!wanted && event.code !== "KeyT") return;
    event.preventDefault();
    if (wanted) document.querySelector(wanted)?.click();
    else sayTime();
  });
})();
