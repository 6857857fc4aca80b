// A candidate's comment: sent as it is written; until the server has it, it stays here and goes again.
(() => {
  "use strict";

  const PAUSE_MS = 1000;
  const AGAIN_MS = 8000;

  function start(box) {
    box.dataset.commentReady = "true";
    const field = box.querySelector("textarea");
    const state = box.querySelector("[data-comment-state]");
    let kept = field.value;
    let timer = 0;

    const say = (text) => { if (state.textContent !== text) state.textContent = text; };

    async function send(keepalive = false) {
      clearTimeout(timer);
      const text = field.value;
      if (text === kept || !box.isConnected) return;
      say(box.dataset.saving);
      try {
        const headers = { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]')?.content ?? "" };
        const body = new URLSearchParams({ comment: text });
        const answer = await fetch(box.dataset.comment, { method: "POST", body, headers, keepalive });
        const told = await answer.json();
        if (!answer.ok) { say(told.sentence ?? box.dataset.waiting); return; }
        kept = text;
        say(box.dataset.saved.replace("%s", told.saved_at));
      } catch {
        say(box.dataset.waiting);
        timer = setTimeout(send, AGAIN_MS);
      }
    }

    field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(send, PAUSE_MS); });
    field.addEventListener("change", () => send());
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") send(true); });
    window.addEventListener("pagehide", () => send(true));
  }

  function startAll() {
    document.querySelectorAll("[data-comment]").forEach((box) => { if (!box.dataset.commentReady) start(box); });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
