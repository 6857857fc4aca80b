// Upload: the chosen file becomes the text of the hidden control, so that it is saved like any answer.
(() => {
  "use strict";

  function start(interaction) {
    interaction.dataset.uploadReady = "true";
    const file = interaction.querySelector("[data-file]");
    const value = interaction.querySelector("[data-file-value]");
    const state = interaction.querySelector("[data-file-state]");
    const clear = interaction.querySelector("[data-clear]");
    const changed = () => value.dispatchEvent(new Event("change", { bubbles: true }));
    const show = () => { if (clear) clear.hidden = value.value === ""; };
    file.removeAttribute("name"); // the hidden control speaks from here on
    let turn = 0;
    file.addEventListener("change", async (event) => {
      event.stopPropagation();
      const [chosen] = file.files;
      if (!chosen) return;
      const mine = (turn += 1);
      const held = await window.qtiFiles.take(interaction, chosen, chosen.name);
      if (mine !== turn) return;
      if (held === null) { file.value = ""; return; }
      value.value = held;
      show();
      changed();
    });
    if (clear) clear.addEventListener("click", () => {
      value.value = "";
      file.value = "";
      state.textContent = "";
      show();
      changed();
      file.focus();
    });
    show();
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="upload"]').forEach((interaction) => {
      if (!interaction.dataset.uploadReady && !interaction.disabled) start(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
