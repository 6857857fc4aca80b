// A place for the candidate's own notes: kept in this tab for this session, never sent.
(() => {
  "use strict";

  const KEPT = `invigil.notes.${location.pathname.split("/")[2] ?? ""}`;

  function stored() {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") ?? {};
    } catch {
      return {};
    }
  }

  function start(pad) {
    pad.dataset.notesReady = "true";
    const text = pad.querySelector("textarea");
    const known = stored();
    const remember = (part) => {
      try {
        sessionStorage.setItem(KEPT, JSON.stringify({ ...stored(), ...part }));
      } catch { /* then they are on this page only */ }
    };
    text.value = known.text ?? "";
    if (known.open !== undefined) pad.open = known.open;
    text.addEventListener("input", (event) => {
      event.stopPropagation();
      remember({ text: text.value });
    });
    // They are no answer: nothing is to be saved.
    text.addEventListener("change", (event) => event.stopPropagation());
    pad.addEventListener("toggle", () => remember({ open: pad.open }));
    pad.hidden = false;
  }

  function startAll() {
    document.querySelectorAll("[data-notes]").forEach((pad) => {
      if (!pad.dataset.notesReady) start(pad);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
