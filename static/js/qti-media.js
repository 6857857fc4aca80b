// Media: counts the plays that came to their end or were broken off, and keeps within the limit.
(() => {
  "use strict";

  function start(interaction) {
    interaction.dataset.mediaReady = "true";
    const medium = interaction.querySelector("audio, video");
    const plays = interaction.querySelector("[data-plays]");
    const limit = Number(interaction.dataset.max || 0);
    if (!medium) return;
    const count = () => Number(plays.value || 0);
    const close = () => {
      if (!limit || count() < limit || !medium.paused) return;
      medium.controls = false;
      medium.removeAttribute("loop");
    };
    let fresh = true;
    medium.addEventListener("play", () => {
      if (limit && fresh && count() >= limit) { medium.pause(); return; }
      if (!fresh) return;
      fresh = false;
      plays.value = String(count() + 1);
      plays.dispatchEvent(new Event("change", { bubbles: true }));
    });
    medium.addEventListener("ended", () => { fresh = true; close(); });
    close();
    // A browser may want a gesture first; then the candidate starts it.
    if ("autostart" in interaction.dataset && !count()) medium.play().catch(() => {});
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="media"]').forEach((interaction) => {
      if (!interaction.dataset.mediaReady && !interaction.disabled) start(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
