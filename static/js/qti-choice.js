// Choice, hotspot and hottext: keeps within the limit, clears an answer, crosses out choices.
(() => {
  "use strict";

  const KINDS = '[data-interaction="choice"], [data-interaction="hotspot"], [data-interaction="hottext"]';

  const boxes = (interaction) => [...interaction.querySelectorAll('input[name^="r."]')];

  const changed = (control) => control.dispatchEvent(new Event("change", { bubbles: true }));

  function guardLimit(interaction) {
    const note = interaction.querySelector(".qti-limit");
    const limit = Number(interaction.dataset.max || 0);
    if (!note || !limit) return;
    interaction.addEventListener("change", (event) => {
      if (event.target.type !== "checkbox") return;
      const over = boxes(interaction).filter((box) => box.checked).length > limit;
      if (over) event.target.checked = false;
      note.textContent = over ? note.dataset.limit : "";
      if (over) event.stopImmediatePropagation();
    }, true);
  }

  function offerClearing(interaction) {
    const button = interaction.querySelector("[data-clear]");
    if (!button) return;
    const show = () => { button.hidden = !boxes(interaction).some((box) => box.checked); };
    button.addEventListener("click", () => {
      const chosen = boxes(interaction).find((box) => box.checked);
      if (!chosen) return;
      chosen.checked = false;
      changed(chosen);
      chosen.focus();
    });
    interaction.addEventListener("change", show);
    show();
  }

  // What is crossed out is the candidate's own note: kept in the tab, never sent.
  const noteKey = (interaction) => `crossed-out:${location.pathname}:${interaction.dataset.response}`;

  function recall(interaction) {
    try { return JSON.parse(sessionStorage.getItem(noteKey(interaction)) || "[]"); } catch { return []; }
  }

  function remember(interaction) {
    const rows = [...interaction.querySelectorAll(".qti-choice-row.eliminated")];
    try { sessionStorage.setItem(noteKey(interaction), JSON.stringify(rows.map((row) => row.dataset.choice))); } catch { /* only a note */ }
  }

  function cross(row, out) {
    row.classList.toggle("eliminated", out);
    row.querySelector("[data-eliminate]").setAttribute("aria-pressed", String(out));
  }

  function offerCrossingOut(interaction) {
    const known = recall(interaction);
    interaction.querySelectorAll(".qti-choice-row").forEach((row) => {
      const button = row.querySelector("[data-eliminate]");
      if (!button) return;
      if (known.includes(row.dataset.choice)) cross(row, true);
      button.addEventListener("click", () => {
        cross(row, !row.classList.contains("eliminated"));
        remember(interaction);
      });
    });
  }

  // The page's switch carries data-elimination-toggle; the choice rows follow it.
  function follow(toggle) {
    const show = () => {
      const on = toggle.getAttribute("aria-pressed") === "true";
      document.querySelectorAll("[data-eliminate]").forEach((button) => { button.hidden = !on; });
    };
    if (!toggle.dataset.ready) {
      toggle.dataset.ready = "true";
      toggle.hidden = false;
      toggle.addEventListener("click", () => {
        const on = toggle.getAttribute("aria-pressed") !== "true";
        toggle.setAttribute("aria-pressed", String(on));
        try { sessionStorage.setItem("crossing-out", on ? "on" : ""); } catch { /* only a preference */ }
        show();
      });
      try { if (sessionStorage.getItem("crossing-out")) toggle.setAttribute("aria-pressed", "true"); } catch { /* off */ }
    }
    show();
  }

  function start(interaction) {
    interaction.dataset.choiceReady = "true";
    guardLimit(interaction);
    offerClearing(interaction);
    offerCrossingOut(interaction);
  }

  function startAll() {
    document.querySelectorAll(KINDS).forEach((interaction) => {
      if (!interaction.dataset.choiceReady && !interaction.disabled) start(interaction);
    });
    const hasChoices = document.querySelector("[data-eliminate]");
    document.querySelectorAll("[data-elimination-toggle]").forEach((toggle) => {
      if (hasChoices) follow(toggle); else toggle.hidden = true;
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
