// Theme, text size and spacing: remembered on this device, set before the first paint.
"use strict";

(() => {
  const names = ["theme", "text", "spacing"];
  const root = document.documentElement;
  // What a candidate's profile asks for stands in the page; what they pick is kept for them alone.
  const given = Object.fromEntries(names.map((name) => [name, root.dataset[name] ?? ""]));
  const whose = root.dataset.lookOf ? `${root.dataset.lookOf}.` : "";

  function stored(name) {
    try {
      return localStorage.getItem(`invigil.${whose}${name}`) || "";
    } catch {
      return "";
    }
  }

  function remember(name, value) {
    try {
      if (value) localStorage.setItem(`invigil.${whose}${name}`, value);
      else localStorage.removeItem(`invigil.${whose}${name}`);
    } catch {
      /* A browser that keeps nothing still shows the choice on this page. */
    }
  }

  function apply(name, value) {
    const shown = value || given[name];
    if (shown) root.dataset[name] = shown;
    else delete root.dataset[name];
  }

  function prepare(dialog) {
    for (const name of names) {
      const chosen = stored(name);
      const control = dialog.querySelector(`input[name="${name}"][value="${CSS.escape(chosen)}"]`);
      if (control) control.checked = true;
    }
  }

  names.forEach((name) => apply(name, stored(name)));
  root.dataset.js = "";

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.closest || !input.closest("#display-dialog") || !names.includes(input.name)) return;
    apply(input.name, input.value);
    remember(input.name, input.value);
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens);
      if (!dialog || typeof dialog.showModal !== "function") return;
      event.preventDefault();
      if (dialog.id === "display-dialog") prepare(dialog);
      if (!dialog.open) dialog.showModal();
      return;
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) {
      event.preventDefault();
      closer.closest("dialog")?.close();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-needs-js]").forEach((element) => (element.hidden = false));
  });
})();
