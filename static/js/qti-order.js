// Order: buttons and dragging move the choices; the places are written to the selects beneath.
// Where the item asks for two sides, the choices that have no place yet wait in a list of their own.
(() => {
  "use strict";

  const fill = (pattern, facts) => pattern.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);

  function start(interaction) {
    interaction.dataset.orderReady = "true";
    const list = interaction.querySelector(".qti-order-list");
    const say = interaction.querySelector("[data-say]");
    const keep = interaction.querySelector("[data-keep]");
    const clear = interaction.querySelector("[data-clear]");
    const all = "all" in interaction.dataset;
    const places = Number(interaction.dataset.places);
    const sideways = () => getComputedStyle(list).gridAutoFlow.startsWith("column");

    const bank = interaction.querySelector("[data-bank]");
    const rows = () => [...list.children, ...(bank?.children ?? [])];
    const select = (row) => row.querySelector("select");
    const placed = () => rows().filter((row) => row.classList.contains("placed"));
    const words = (row) => row.querySelector(".qti-content").textContent.trim().slice(0, 60);

    const show = () => {
      const ranked = placed();
      rows().forEach((row) => {
        const at = ranked.indexOf(row);
        row.querySelector(".qti-rank").textContent = at < 0 ? "–" : String(at + 1);
        const index = rows().indexOf(row);
        const [up, down] = row.querySelectorAll("[data-move]");
        up.disabled = all ? index === 0 : at === 0;
        down.disabled = all ? index === rows().length - 1 : at < 0 || at === ranked.length - 1;
        if (all) return;
        up.hidden = down.hidden = row.querySelector("[data-leave-out]").hidden = at < 0;
        const putIn = row.querySelector("[data-put-in]");
        putIn.hidden = at >= 0;
        putIn.disabled = ranked.length >= places;
      });
      if (keep) keep.hidden = !all || ranked.length > 0;
      if (clear) clear.hidden = ranked.length === 0;
    };

    const write = () => {
      const ranked = placed();
      let last;
      rows().forEach((row) => {
        const at = ranked.indexOf(row);
        const value = at < 0 ? "" : String(at + 1);
        if (select(row).value !== value) { select(row).value = value; last = select(row); }
      });
      show();
      if (last) last.dispatchEvent(new Event("change", { bubbles: true }));
    };

    const announce = (row) => {
      const at = placed().indexOf(row);
      const facts = { choice: words(row), place: at + 1, places: placed().length };
      say.textContent = fill(at < 0 ? say.dataset.leftOut : say.dataset.moved, facts);
    };

    const placeAll = () => { if (all) rows().forEach((row) => row.classList.add("placed")); };

    const move = (row, step) => {
      if (step < 0 && row.previousElementSibling) row.previousElementSibling.before(row);
      else if (step > 0 && row.nextElementSibling) row.nextElementSibling.after(row);
      placeAll();
      write();
      announce(row);
    };

    const putIn = (row) => {
      const ranked = placed();
      if (ranked.length >= places) return;
      row.classList.add("placed");
      if (ranked.length) ranked[ranked.length - 1].after(row); else list.prepend(row);
      write();
      announce(row);
    };

    const leaveOut = (row) => {
      row.classList.remove("placed");
      (bank ?? list).append(row);
      write();
      announce(row);
    };

    // Onto a choice, or onto the room that one of two lists has left.
    const drop = (row, target, after) => {
      if (target === bank || target.parentElement === bank) return void (row.parentElement === bank || leaveOut(row));
      if (row.parentElement === bank && placed().length >= places) return;
      if (target === list) list.append(row);
      else if (after) target.after(row);
      else target.before(row);
      if (!all) {
        if (placed().length < places) row.classList.add("placed");
        placed().reverse().forEach((each) => list.prepend(each));
      }
      placeAll();
      write();
      announce(row);
    };

    const ground = bank ? bank.parentElement : list;
    ground.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const row = event.target.closest(".qti-order-item");
      if (!button || !row) return;
      if (button.hasAttribute("data-leave-out")) leaveOut(row);
      else if (button.hasAttribute("data-put-in")) putIn(row);
      else move(row, Number(button.dataset.move));
      const usable = button.disabled || button.hidden ? row.querySelector("button:not(:disabled):not([hidden])") : button;
      if (usable) usable.focus();
    });
    if (keep) keep.addEventListener("click", () => { placeAll(); write(); rows()[0].querySelector("button:not(:disabled)").focus(); });
    if (clear) clear.addEventListener("click", () => {
      rows().forEach((row) => row.classList.remove("placed"));
      bank?.append(...rows());
      write();
      rows()[0].querySelector("button:not(:disabled)").focus();
    });

    dragging(ground, [list, bank].filter(Boolean), sideways, drop);

    if (bank) bank.hidden = false;
    rows().forEach((row) => {
      row.classList.toggle("placed", select(row).value !== "");
      if (bank && !row.classList.contains("placed")) bank.append(row);
      select(row).hidden = true;
      row.querySelector(".qti-rank").hidden = false;
      row.querySelector(".qti-moves").hidden = false;
    });
    show();
  }

  // Pointer events serve mouse, pen and finger alike; a finger drags by the rank, so that the page scrolls.
  function dragging(ground, lists, sideways, drop) {
    let row = null;
    let target = null;
    let after = false;
    let origin = null;

    const marks = () => ground.querySelectorAll(".drop-before, .drop-after").forEach((each) => each.classList.remove("drop-before", "drop-after"));
    const end = () => { marks(); if (row) row.classList.remove("dragging"); row = target = origin = null; };

    ground.addEventListener("pointerdown", (event) => {
      const found = event.target.closest(".qti-order-item");
      if (!found || event.target.closest("button, a, audio, video") || event.button !== 0) return;
      if (event.pointerType === "touch" && !event.target.closest(".qti-place")) return;
      row = found;
      origin = { x: event.clientX, y: event.clientY };
    });
    ground.addEventListener("pointermove", (event) => {
      if (!row) return;
      if (!row.classList.contains("dragging")) {
        if (Math.hypot(event.clientX - origin.x, event.clientY - origin.y) < 6) return;
        row.classList.add("dragging");
        ground.setPointerCapture(event.pointerId);
      }
      event.preventDefault();
      const under = document.elementFromPoint(event.clientX, event.clientY);
      const found = under && under.closest(".qti-order-item");
      const room = lists.length > 1 && under ? lists.find((each) => each.contains(under)) : null;
      marks();
      target = found && lists.includes(found.parentElement) ? found : room;
      if (target === row) target = null;
      if (!target || lists.includes(target)) return;
      const box = target.getBoundingClientRect();
      after = sideways() ? (event.clientX > box.left + box.width / 2) !== (getComputedStyle(target).direction === "rtl") : event.clientY > box.top + box.height / 2;
      target.classList.add(after ? "drop-after" : "drop-before");
    });
    ground.addEventListener("pointerup", () => {
      if (row && target && row.classList.contains("dragging")) drop(row, target, after);
      end();
    });
    ground.addEventListener("pointercancel", end);
    ground.addEventListener("dragstart", (event) => event.preventDefault());
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="order"]').forEach((interaction) => {
      if (!interaction.dataset.orderReady && !interaction.disabled) start(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
