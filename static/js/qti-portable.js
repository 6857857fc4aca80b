// Portable custom interactions: their frame may only send an answer, its height and that it failed.
(() => {
  "use strict";

  const TALLEST = 3000;
  const PATIENCE = 20000; // ms until a silent module counts as failed
  const LONGEST_STATE = 60000; // characters; the server keeps no more
  const STATE_PAUSE = 1500; // ms

  const lexical = (value) => (Array.isArray(value) ? value.join(" ") : String(value));

  // The interchange format of the specification: {base: {type: value}}, {list: {type: [values]}} or null.
  function texts(answer) {
    if (!answer || typeof answer !== "object") return [];
    const found = answer.base || answer.list;
    if (!found || typeof found !== "object") return [];
    const [value] = Object.values(found);
    if (value === null || value === undefined) return [];
    return answer.list ? [].concat(value).map(lexical) : [lexical(value)];
  }

  function start(interaction) {
    interaction.dataset.portableReady = "true";
    const frame = interaction.querySelector("iframe");
    if (!frame) return;
    const note = interaction.querySelector("[data-portable-note]");
    const holder = interaction.querySelector("[data-portable-values]");
    const state = interaction.querySelector("[data-portable-state]");
    const setup = JSON.parse(frame.dataset.setup);
    const fail = () => { frame.hidden = true; note.hidden = false; note.textContent = note.dataset.failed; };
    const timeout = setTimeout(fail, PATIENCE);

    const changed = () => holder.dispatchEvent(new Event("change", { bubbles: true }));
    let waiting = 0;
    let untouched = null;
    const rest = () => { waiting ||= setTimeout(() => { waiting = 0; changed(); }, STATE_PAUSE); };
    // How the module begins is no work of the candidate's.
    const isNew = (answer, now) => {
      if (typeof now !== "string" || now === "null" || now.length > LONGEST_STATE) return false;
      if (untouched === null) untouched = state.value || texts(answer).length ? "" : now;
      return now !== (state.value || untouched);
    };

    const write = (answer) => {
      const values = texts(answer);
      const before = [...holder.children].map((input) => input.value);
      if (values.length === before.length && values.every((value, at) => value === before[at])) return false;
      holder.replaceChildren(...values.map((value) => {
        const input = document.createElement("input");
        Object.assign(input, { type: "hidden", name: holder.dataset.name, value });
        return input;
      }));
      changed();
      return true;
    };

    const handlers = {
      hello: () => frame.contentWindow.postMessage({ kind: "setup", setup: { ...setup, state: state.value || null } }, "*"),
      ready: () => clearTimeout(timeout),
      failed: () => { clearTimeout(timeout); fail(); },
      height: ({ height }) => { if (Number.isFinite(height)) frame.height = Math.min(Math.max(Math.ceil(height), 60), TALLEST); },
      answer: ({ answer, state: now }) => {
        if (interaction.disabled) return;
        const moved = isNew(answer, now);
        if (moved) state.value = now;
        // An answer is saved at once, with the state beside it; a state alone in its own time.
        if (!write(answer) && moved) rest();
      },
    };

    const listen = (event) => {
      if (!frame.isConnected) { window.removeEventListener("message", listen); return; }
      if (event.source !== frame.contentWindow || event.origin !== "null") return;
      const handler = event.data && handlers[event.data.kind];
      if (handler) handler(event.data);
    };
    window.addEventListener("message", listen);
    note.hidden = true;
    frame.hidden = false;
    frame.src = frame.dataset.src;
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="portable-custom"]').forEach((interaction) => {
      if (!interaction.dataset.portableReady) start(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
