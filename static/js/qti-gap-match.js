// Gap match: a choice is dragged, or pressed and then a gap; the gap's select is the answer.
(() => {
  "use strict";

  function start(interaction) {
    interaction.dataset.gapReady = "true";
    const note = interaction.querySelector(".qti-limit");
    const most = Number(interaction.dataset.max || 0);
    const chips = [...interaction.querySelectorAll(".qti-chip")];
    const gaps = [...interaction.querySelectorAll("[data-gap]")];
    const select = (gap) => gap.querySelector("select");
    const chip = (name) => chips.find((each) => each.dataset.choice === name);
    const uses = (name) => gaps.filter((gap) => select(gap).value === name).length;
    const usedUp = (each) => Number(each.dataset.matchMax) > 0 && uses(each.dataset.choice) >= Number(each.dataset.matchMax);
    let held = null;

    const hold = (next) => {
      held = next;
      chips.forEach((each) => each.setAttribute("aria-pressed", String(each === held)));
      gaps.forEach((gap) => gap.classList.toggle("ready", held !== null));
    };

    const show = () => {
      chips.forEach((each) => each.classList.toggle("used-up", usedUp(each)));
      gaps.forEach((gap) => {
        const filled = gap.querySelector(".qti-gap-filled");
        const own = chip(select(gap).value);
        const pictured = Boolean(own && own.querySelector("img, math"));
        gap.classList.toggle("pictured", pictured);
        filled.replaceChildren(...(pictured ? [...own.childNodes].map((node) => node.cloneNode(true)) : []));
      });
    };

    const put = (name, gap) => {
      const own = chip(name);
      const limit = Number(own.dataset.matchMax);
      if (limit === 1) gaps.forEach((each) => { if (each !== gap && select(each).value === name) select(each).value = ""; });
      else if (limit && select(gap).value !== name && uses(name) >= limit) { note.textContent = note.dataset.used; return; }
      select(gap).value = name;
      select(gap).dispatchEvent(new Event("change", { bubbles: true }));
    };

    gaps.forEach((gap) => {
      const filled = document.createElement("span");
      filled.className = "qti-gap-filled";
      filled.setAttribute("aria-hidden", "true");
      gap.append(filled);
      select(gap).addEventListener("mousedown", (event) => {
        if (held === null) return;
        event.preventDefault();
        put(held.dataset.choice, gap);
        hold(null);
      });
      select(gap).addEventListener("keydown", (event) => {
        if (held === null || (event.key !== "Enter" && event.key !== " ")) return;
        event.preventDefault();
        put(held.dataset.choice, gap);
        hold(null);
      });
    });

    interaction.addEventListener("change", (event) => {
      const gap = event.target.closest("[data-gap]");
      if (!gap) return;
      const name = select(gap).value;
      const own = name && chip(name);
      const limit = own ? Number(own.dataset.matchMax) : 0;
      if (limit && uses(name) > limit) {
        if (limit === 1) gaps.forEach((each) => { if (each !== gap && select(each).value === name) select(each).value = ""; });
        else note.textContent = note.dataset.used;
      } else note.textContent = "";
      if (most && gaps.filter((each) => select(each).value).length > most) {
        select(gap).value = "";
        note.textContent = note.dataset.limit;
      }
      show();
    }, true);

    chips.forEach((each) => {
      each.setAttribute("role", "button");
      each.setAttribute("aria-label", each.dataset.label);
      each.tabIndex = 0;
      each.setAttribute("aria-pressed", "false");
      each.addEventListener("keydown", (event) => {
        if (event.key === "Escape") hold(null);
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        hold(held === each ? null : each);
      });
    });
    dragging(interaction, gaps, hold, () => held, (name, gap) => { put(name, gap); });
    show();
  }

  function dragging(interaction, gaps, hold, held, put) {
    let pressed = null;
    let wasHeld = false;
    let moved = false;
    let origin = null;
    const gapAt = (event) => {
      const under = document.elementFromPoint(event.clientX, event.clientY);
      const gap = under && under.closest("[data-gap]");
      return gap && gaps.includes(gap) ? gap : null;
    };
    interaction.addEventListener("pointerdown", (event) => {
      const own = event.target.closest(".qti-chip");
      if (!own || event.button !== 0) return;
      pressed = own;
      wasHeld = held() === own;
      moved = false;
      origin = { x: event.clientX, y: event.clientY };
      hold(own);
      if (event.pointerType !== "touch") event.preventDefault();
      own.focus({ preventScroll: true });
    });
    interaction.addEventListener("pointermove", (event) => {
      if (!pressed) return;
      if (!moved && Math.hypot(event.clientX - origin.x, event.clientY - origin.y) > 6) {
        moved = true;
        interaction.setPointerCapture(event.pointerId);
      }
      const gap = gapAt(event);
      gaps.forEach((each) => each.classList.toggle("over", each === gap && moved));
    });
    interaction.addEventListener("pointerup", (event) => {
      if (!pressed) return;
      const gap = moved ? gapAt(event) : null;
      if (gap) put(pressed.dataset.choice, gap);
      if (gap || wasHeld || moved) hold(null);
      gaps.forEach((each) => each.classList.remove("over"));
      pressed = null;
    });
    interaction.addEventListener("pointercancel", () => { pressed = null; });
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="gap-match"]').forEach((interaction) => {
      if (!interaction.dataset.gapReady && !interaction.disabled) start(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
