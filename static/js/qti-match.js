// Match: keeps within how often choices and pairs may be used, and clears an answer.
(() => {
  "use strict";

  function start(interaction) {
    interaction.dataset.matchReady = "true";
    const note = interaction.querySelector(".qti-limit");
    const clear = interaction.querySelector("[data-clear]");
    const boxes = () => [...interaction.querySelectorAll('input[name^="r."]')];
    const ticked = () => boxes().filter((box) => box.checked);
    const source = (box) => box.closest("tr").dataset.source;
    const limit = Number(interaction.dataset.max || 0);

    const over = (count, most) => most > 0 && count > most;

    // A source that is used once moves its tick within the row; any other limit is said, not guessed.
    const settle = (box) => {
      const most = Number(box.closest("tr").dataset.matchMax);
      const row = ticked().filter((each) => source(each) === source(box));
      if (most === 1) row.forEach((each) => { if (each !== box) each.checked = false; });
      else if (over(row.length, most)) return note.dataset.used;
      const column = ticked().filter((each) => each.dataset.target === box.dataset.target);
      if (over(column.length, Number(box.dataset.matchMax))) return note.dataset.used;
      return over(ticked().length, limit) ? note.dataset.limit : "";
    };

    let before = [];
    const remember = () => { before = ticked(); };
    interaction.addEventListener("change", (event) => {
      const box = event.target;
      if (!box.matches('input[name^="r."]')) return;
      const complaint = box.checked ? settle(box) : "";
      note.textContent = complaint;
      if (complaint) {
        boxes().forEach((each) => { each.checked = before.includes(each); });
        event.stopImmediatePropagation();
      }
      remember();
      if (clear) clear.hidden = before.length === 0;
    }, true);

    if (clear) clear.addEventListener("click", () => {
      const [first] = ticked();
      ticked().forEach((box) => { box.checked = false; });
      note.textContent = "";
      if (first) { first.dispatchEvent(new Event("change", { bubbles: true })); first.focus(); }
    });
    remember();
    if (clear) clear.hidden = before.length === 0;
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="match"]').forEach((interaction) => {
      if (!interaction.dataset.matchReady && !interaction.disabled) start(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
