// Files as answers: a small one travels as text with the answer, a larger one is handed in beforehand.
(() => {
  "use strict";

  const SMALL = 70000; // bytes; as text the answer stays below the server's 100,000
  const fill = (pattern, facts) => (pattern ?? "").replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
  const plain = (name) => name.replace(/[;,]/g, "_");

  let pending = 0;

  // While a file is on its way the page waits for it: without it the answer would be another one.
  document.addEventListener("submit", (event) => {
    if (!pending) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  const asText = (blob, name) => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const content = reader.result.slice(reader.result.indexOf(";base64,"));
      resolve(`data:${blob.type || "application/octet-stream"};name=${plain(name)}${content}`);
    };
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

  async function handIn(address, blob, name) {
    const form = new FormData();
    form.append("file", blob, name);
    const headers = { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]')?.content ?? "" };
    const answer = await fetch(address, { method: "POST", body: form, headers });
    const told = await answer.json();
    return answer.ok ? { value: told.value } : { refused: told.sentence };
  }

  // The text by which the answer holds the file, or null where it was not handed in; says which.
  async function take(interaction, blob, name) {
    const state = interaction.querySelector("[data-file-state]");
    const say = (text) => { if (state) state.textContent = text; };
    const limit = Number(interaction.dataset.limit) || SMALL;
    if (blob.size > limit) {
      const shown = limit >= 1e6 ? `${limit / 1e6} MB` : `${limit / 1e3} KB`;
      say(fill(state?.dataset.tooLarge, { name, limit: shown }));
      return null;
    }
    if (blob.size <= SMALL) {
      say(fill(state?.dataset.chosen, { name }));
      return asText(blob, name);
    }
    say(fill(state?.dataset.sending, { name }));
    pending += 1;
    try {
      const { value, refused } = await handIn(interaction.dataset.handIn, blob, name);
      say(refused ?? fill(state?.dataset.chosen, { name }));
      return value ?? null;
    } catch {
      say(fill(state?.dataset.notSent, { name }));
      return null;
    } finally {
      pending -= 1;
    }
  }

  window.qtiFiles = { take };
})();
