// The width of a container of choices, where the item asks for one: in pixels, and never wider than the page.
(() => {
  "use strict";

  const CONTAINERS = ".qti-bank, .qti-order-bank, .qti-order-list, .qti-match-table";

  function start() {
    document.querySelectorAll("[data-choices-container-width]").forEach((interaction) => {
      const width = Number.parseFloat(interaction.dataset.choicesContainerWidth);
      const container = interaction.querySelector(CONTAINERS);
      if (!container || !(width > 0) || width > 10000) return;
      container.style.inlineSize = `${width}px`;
      container.style.maxInlineSize = "100%";
      container.style.flex = "none";
    });
  }

  start();
  document.addEventListener("htmx:load", start);
})();
