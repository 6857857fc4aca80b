// Slider: a range beside the number; both show the same value, the number is the answer.
(() => {
  "use strict";

  function start(interaction) {
    interaction.dataset.sliderReady = "true";
    const range = interaction.querySelector("[data-range]");
    const number = interaction.querySelector('input[name^="r."]');
    const clear = interaction.querySelector("[data-clear]");
    const show = () => {
      const empty = number.value === "";
      range.value = empty ? range.min : number.value;
      range.classList.toggle("untouched", empty);
      range.setAttribute("aria-valuetext", empty ? "–" : number.value);
      if (clear) clear.hidden = empty;
    };
    const changed = () => { number.dispatchEvent(new Event("change", { bubbles: true })); };
    const take = () => { number.value = range.value; show(); };
    range.addEventListener("input", take);
    range.addEventListener("change", () => { take(); changed(); });
    // A press where the thumb already stands changes nothing, but means that value.
    range.addEventListener("click", () => { if (number.value === "") { take(); changed(); } });
    number.addEventListener("input", show);
    if (clear) clear.addEventListener("click", () => { number.value = ""; show(); changed(); range.focus(); });
    range.hidden = false;
    interaction.querySelector("[data-ends]").hidden = false;
    show();
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="slider"]').forEach((interaction) => {
      if (!interaction.dataset.sliderReady && !interaction.disabled) start(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
