// Portable custom interactions: their frame may only send an answer, its height and that it failed.
(() => {
  "use strict";

  const TALLEST = 3000;
  const PATIENCE = 20000; // ms until a silent module counts as failed

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

  const stateKey = (setup) => `portable:${location.pathname}:${setup.responseIdentifier}`;

  function recall(setup) {
    try { return sessionStorage.getItem(stateKey(setup)); } catch { return null; }
  }

  function start(interaction) {
    interaction.dataset.portableReady = "true";
    const frame = interaction.querySelector("iframe");
    if (!frame) return;
    const note = interaction.querySelector("[data-portable-note]");
    const holder = interaction.querySelector("[data-portable-values]");
    const setup = JSON.parse(frame.dataset.setup);
    const fail = () => { frame.hidden = true; note.hidden = false; note.textContent = note.dataset.failed; };
    const timeout = setTimeout(fail, PATIENCE);

    const write = (answer) => {
      const values = texts(answer);
      const before = [...holder.children].map((input) => input.value);
      if (values.length === before.length && values.every((value, at) => value === before[at])) return;
      holder.replaceChildren(...values.map((value) => {
        const input = document.createElement("input");
        Object.assign(input, { type: "hidden", name: holder.dataset.name, value });
        return input;
      }));
      holder.dispatchEvent(new Event("change", { bubbles: true }));
    };

    const handlers = {
      hello: () => frame.contentWindow.postMessage({ kind: "setup", setup: { ...setup, state: recall(setup) } }, "*"),
      ready: () => clearTimeout(timeout),
      failed: () => { clearTimeout(timeout); fail(); },
      height: ({ height }) => { if (Number.isFinite(height)) frame.height = Math.min(Math.max(Math.ceil(height), 60), TALLEST); },
      answer: ({ answer, state }) => {
        if (interaction.disabled) return;
        if (typeof state === "string") try { sessionStorage.setItem(stateKey(setup), state); } catch { /* the answer is what counts */ }
        write(answer);
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
