// Supports that are switched in the page: the line reader, covered choices, keywords, one column.
(() => {
  "use strict";

  const KEPT = "invigil.supports";
  const ROWS = ".qti-choice-row, .qti-order-item";

  function stored() {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") ?? {};
    } catch {
      return {};
    }
  }

  function remember(name, on) {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ ...stored(), [name]: on }));
    } catch { /* then it holds on this page only */ }
  }

  function set(bar, name, on) {
    bar.querySelector(`[data-switch="${name}"]`).setAttribute("aria-pressed", String(on));
    document.querySelectorAll("[data-supports]").forEach((element) => {
      const names = new Set(element.dataset.supports.split(" ").filter(Boolean));
      names[on ? "add" : "delete"](name);
      element.dataset.supports = [...names].join(" ");
    });
    if (name === "line-reader") document.querySelector("[data-line-reader]").hidden = !on;
    if (name === "answer-masking") cover(bar);
  }

  // Each choice gets its own button; what a screen reader says of the choice stays as it is.
  function cover(bar) {
    document.querySelectorAll(`[data-supports] :is(${ROWS})`).forEach((row) => {
      if (row.querySelector("[data-uncover]")) return;
      const button = document.createElement("button");
      const text = row.querySelector(".qti-content")?.textContent.trim().slice(0, 60) ?? "";
      const say = () => {
        const shown = "uncovered" in row.dataset;
        button.textContent = (shown ? bar.dataset.cover : bar.dataset.show).split(":")[0];
        button.setAttribute("aria-label", (shown ? bar.dataset.cover : bar.dataset.show).replace("{choice}", text));
      };
      button.type = "button";
      button.className = "button small qti-uncover";
      button.dataset.uncover = "";
      button.addEventListener("click", () => {
        row.toggleAttribute("data-uncovered");
        say();
      });
      say();
      row.append(button);
    });
  }

  function reader(line) {
    const move = (top) => {
      const height = line.offsetHeight || 60;
      const at = Math.min(Math.max(top, 0), innerHeight - height);
      line.style.setProperty("--at", `${at}px`);
      line.setAttribute("aria-valuenow", String(Math.round((100 * at) / Math.max(1, innerHeight - height))));
    };
    document.addEventListener("mousemove", (event) => {
      if (line.isConnected && !line.hidden) move(event.clientY - line.offsetHeight / 2);
    });
    document.addEventListener("focusin", (event) => {
      if (!line.isConnected || line.hidden || event.target === line) return;
      const box = event.target.getBoundingClientRect();
      if (box.height && box.height < innerHeight / 2) move(box.top + box.height / 2 - line.offsetHeight / 2);
    });
    line.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 }[event.key];
      if (!by) return;
      event.preventDefault();
      move(line.getBoundingClientRect().top + (by * line.offsetHeight) / 2);
    });
  }

  function start(bar) {
    bar.dataset.switchesReady = "true";
    const line = document.querySelector("[data-line-reader]");
    if (line) reader(line);
    const kept = stored();
    bar.querySelectorAll("[data-switch]").forEach((button) => {
      const name = button.dataset.switch;
      set(bar, name, kept[name] ?? button.getAttribute("aria-pressed") === "true");
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        set(bar, name, on);
        remember(name, on);
      });
    });
    bar.hidden = false;
  }

  function startAll() {
    document.querySelectorAll("[data-switches]").forEach((bar) => { if (!bar.dataset.switchesReady) start(bar); });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
