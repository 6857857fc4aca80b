// Text entry and extended text: counts, and says when a text does not have the form asked for.
(() => {
  "use strict";

  const fill = (pattern, facts) => pattern.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);

  function countOf(area) {
    const text = area.value;
    const words = (text.match(/[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*/gu) || []).length;
    return { words, characters: [...text].length };
  }

  function count(area, interaction) {
    const note = area.parentElement.querySelector("[data-count]");
    if (!note) return;
    const expected = Number(area.dataset.expected || 0);
    const down = interaction.classList.contains("qti-counter-down");
    const show = () => {
      const { words, characters } = countOf(area);
      const left = expected - characters;
      const over = expected > 0 && left < 0;
      const pattern = over ? note.dataset.over : (down && expected ? note.dataset.left : note.dataset.words);
      note.textContent = fill(pattern, { words, characters, left, over: -left });
      note.classList.toggle("over", over);
      note.hidden = characters === 0 && !down;
    };
    area.addEventListener("input", show);
    show();
  }

  // The server judges by the item's own pattern; here the form is only hinted at, on leaving the field.
  function hint(control, interaction) {
    const note = interaction.querySelector(".qti-pattern-message");
    if (!note || !control.dataset.pattern) return;
    let pattern;
    try { pattern = new RegExp(`^(?:${control.dataset.pattern})$`, "u"); } catch { return; }
    const judge = () => {
      const wrong = control.value !== "" && !pattern.test(control.value);
      note.textContent = wrong ? note.dataset.message : "";
      control.toggleAttribute("aria-invalid", wrong);
      if (wrong) control.setAttribute("aria-invalid", "true");
    };
    control.addEventListener("change", judge);
    control.addEventListener("input", () => { if (note.textContent) judge(); });
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="text-entry"], [data-interaction="extended-text"]').forEach((interaction) => {
      if (interaction.dataset.textReady) return;
      interaction.dataset.textReady = "true";
      interaction.querySelectorAll('[name^="r."]').forEach((control) => {
        if (control.matches("textarea")) count(control, interaction);
        hint(control, interaction);
      });
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
