// Upload: the chosen file becomes the text of the hidden control, so that it is saved like any answer.
(() => {
  "use strict";

  const LIMIT = 70000; // bytes; as text the answer stays below the server's 100,000

  const fill = (pattern, facts) => pattern.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);

  function start(interaction) {
    interaction.dataset.uploadReady = "true";
    const file = interaction.querySelector("[data-file]");
    const value = interaction.querySelector("[data-file-value]");
    const state = interaction.querySelector("[data-file-state]");
    const clear = interaction.querySelector("[data-clear]");
    const changed = () => value.dispatchEvent(new Event("change", { bubbles: true }));
    const show = () => { if (clear) clear.hidden = value.value === ""; };
    file.removeAttribute("name"); // the hidden control speaks from here on
    file.addEventListener("change", (event) => {
      event.stopPropagation();
      const [chosen] = file.files;
      if (!chosen) return;
      if (chosen.size > LIMIT) {
        state.textContent = fill(state.dataset.tooLarge, { name: chosen.name, limit: `${LIMIT / 1000} KB` });
        file.value = "";
        return;
      }
      const reader = new FileReader();
      reader.onload = () => {
        const content = reader.result.slice(reader.result.indexOf(";base64,"));
        const name = chosen.name.replace(/[;,]/g, "_");
        value.value = `data:${chosen.type || "application/octet-stream"};name=${name}${content}`;
        state.textContent = fill(state.dataset.chosen, { name: chosen.name });
        show();
        changed();
      };
      reader.readAsDataURL(chosen);
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
