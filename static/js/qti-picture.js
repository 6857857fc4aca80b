// Pictures with areas: a press on an area works the same control that the list beside it offers.
(() => {
  "use strict";

  const changed = (control) => control.dispatchEvent(new Event("change", { bubbles: true }));

  // Where the item gives no size, the drawing takes the picture's own.
  function measure(svg) {
    svg.removeAttribute("data-natural-size");
    const image = svg.querySelector("image");
    const probe = new Image();
    probe.onload = () => {
      svg.setAttribute("viewBox", `0 0 ${probe.naturalWidth} ${probe.naturalHeight}`);
      image.setAttribute("width", probe.naturalWidth);
      image.setAttribute("height", probe.naturalHeight);
    };
    probe.src = image.getAttribute("href");
  }

  const spots = (interaction) => [...interaction.querySelectorAll("[data-spot]")];

  function mark(interaction, chosen) {
    spots(interaction).forEach((spot) => spot.classList.toggle("chosen", chosen.includes(spot.dataset.spot)));
  }

  // How much of the picture a pixel of the screen covers: what is written on it stays readable.
  const unit = (svg) => svg.viewBox.baseVal.width / svg.getBoundingClientRect().width || 1;

  function onPress(interaction, press) {
    if (interaction.disabled) return;
    interaction.querySelector(".qti-picture").classList.add("live");
    spots(interaction).forEach((spot) => spot.addEventListener("click", () => press(spot.dataset.spot)));
  }

  function hotspot(interaction) {
    const boxes = [...interaction.querySelectorAll('input[name^="r."]')];
    const show = () => mark(interaction, boxes.filter((box) => box.checked).map((box) => box.value));
    onPress(interaction, (name) => {
      const box = boxes.find((each) => each.value === name);
      box.checked = box.type === "checkbox" ? !box.checked : true;
      changed(box);
      show();
    });
    interaction.addEventListener("change", show);
    show();
  }

  function graphicOrder(interaction) {
    const clear = interaction.querySelector("[data-clear]");
    const select = (name) => interaction.querySelector(`[data-area="${CSS.escape(name)}"] select`);
    const selects = [...interaction.querySelectorAll("[data-area] select")];
    const letters = new Map(spots(interaction).map((spot) => [spot, spot.querySelector("text").textContent]));
    const taken = () => selects.map((each) => Number(each.value)).filter(Boolean);
    const show = () => {
      spots(interaction).forEach((spot) => {
        const value = select(spot.dataset.spot).value;
        spot.classList.toggle("chosen", value !== "");
        spot.querySelector("text").textContent = value || letters.get(spot);
      });
      if (clear) clear.hidden = taken().length === 0;
    };
    onPress(interaction, (name) => {
      const own = select(name);
      if (own.value) {
        const freed = Number(own.value);
        own.value = "";
        selects.forEach((each) => { if (Number(each.value) > freed) each.value = String(Number(each.value) - 1); });
      } else {
        own.value = String(taken().length + 1);
        if (own.selectedIndex < 0) own.value = "";
      }
      changed(own);
    });
    interaction.addEventListener("change", (event) => {
      const own = event.target;
      selects.forEach((each) => { if (each !== own && own.value && each.value === own.value) each.value = ""; });
      show();
    }, true);
    if (clear) clear.addEventListener("click", () => {
      selects.forEach((each) => { each.value = ""; });
      changed(selects[0]);
    });
    show();
  }

  function graphicAssociate(interaction) {
    const rows = [...interaction.querySelectorAll(".qti-pair")].map((row) => [...row.querySelectorAll("select")]);
    const drawing = interaction.querySelector(".qti-picture");
    const lines = document.createElementNS("http://www.w3.org/2000/svg", "g");
    lines.setAttribute("class", "qti-lines");
    drawing.querySelector("image").after(lines);
    let first = null;
    const centre = (name) => {
      const spot = drawing.querySelector(`[data-spot="${CSS.escape(name)}"]`);
      return [spot.dataset.x, spot.dataset.y];
    };
    const show = () => {
      const full = rows.filter(([a, b]) => a.value && b.value);
      lines.replaceChildren(...full.map(([a, b]) => {
        const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
        [["x1", "y1"], ["x2", "y2"]].forEach((names, at) => names.forEach((key, axis) => line.setAttribute(key, centre((at ? b : a).value)[axis])));
        line.setAttribute("class", "qti-line");
        return line;
      }));
      mark(interaction, [...full.flat().map((each) => each.value), ...(first ? [first] : [])]);
    };
    onPress(interaction, (name) => {
      if (!first) { first = name; show(); return; }
      const same = rows.find(([a, b]) => (a.value === first && b.value === name) || (a.value === name && b.value === first));
      const row = same || rows.find(([a, b]) => !a.value && !b.value);
      if (row && name !== first) {
        row[0].value = same ? "" : first;
        row[1].value = same ? "" : name;
        changed(row[0]);
      }
      first = null;
      show();
    });
    interaction.addEventListener("change", show);
    show();
  }

  function graphicGapMatch(interaction) {
    const note = interaction.querySelector(".qti-limit");
    const mostPairs = Number(interaction.dataset.max || 0);
    const chips = [...interaction.querySelectorAll(".qti-chip")];
    const place = (name) => interaction.querySelector(`[data-area="${CSS.escape(name)}"]`);
    const chosen = (area) => [...area.querySelectorAll("option:checked, input:checked")].map((each) => each.value).filter(Boolean);
    const areas = [...interaction.querySelectorAll("[data-area]")];
    const uses = (name) => areas.filter((area) => chosen(area).includes(name)).length;
    const drawing = interaction.querySelector(".qti-picture");
    const layer = drawing.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "g"));
    layer.setAttribute("class", "qti-laid");
    let held = null;
    const hold = (chip) => {
      held = chip;
      chips.forEach((each) => each.setAttribute("aria-pressed", String(each === held)));
    };
    // What lies on an area is drawn there, as its picture or its words.
    const lay = (name, choice, nth) => {
      const spot = drawing.querySelector(`[data-spot="${CSS.escape(name)}"]`);
      const chip = chips.find((each) => each.dataset.choice === choice);
      const picture = chip.querySelector("img");
      const element = document.createElementNS("http://www.w3.org/2000/svg", picture ? "image" : "text");
      const size = 15 * unit(drawing);
      const [x, y] = [Number(spot.dataset.x), Number(spot.dataset.y) + nth * size * 1.2];
      if (picture) {
        const width = picture.width || picture.naturalWidth;
        const height = picture.height || picture.naturalHeight;
        Object.entries({ href: picture.src, x: x - width / 2, y: y - height / 2, width, height }).forEach(([key, value]) => element.setAttribute(key, value));
      } else {
        Object.entries({ x, y, dy: "0.36em", "font-size": size }).forEach(([key, value]) => element.setAttribute(key, value));
        element.textContent = chip.textContent.trim();
      }
      layer.append(element);
      if (picture) return;
      // Words that would cover much are cut, for the list below has them whole; at an edge they move in.
      const most = Math.max(drawing.viewBox.baseVal.width * 0.4, 5 * size);
      for (let text = element.textContent; element.getComputedTextLength() > most && text.length > 1;) {
        text = text.slice(0, -1);
        element.textContent = `${text.trim()}…`;
      }
      const words = element.getBBox();
      const over = words.x + words.width - drawing.viewBox.baseVal.width;
      element.setAttribute("x", x + Math.max(0, -words.x) - Math.max(0, Math.min(over, words.x)));
    };
    const show = () => {
      layer.replaceChildren();
      areas.forEach((area) => chosen(area).forEach((choice, nth) => lay(area.dataset.area, choice, nth)));
      spots(interaction).forEach((spot) => spot.classList.toggle("laid", chosen(place(spot.dataset.spot)).length > 0));
      mark(interaction, areas.filter((area) => chosen(area).length).map((area) => area.dataset.area));
      chips.forEach((chip) => {
        const most = Number(chip.dataset.matchMax);
        chip.classList.toggle("used-up", most > 0 && uses(chip.dataset.choice) >= most);
      });
    };
    const takeBack = (name, but) => areas.forEach((area) => {
      if (area === but) return;
      const select = area.querySelector("select");
      if (select && select.value === name) select.value = "";
      area.querySelectorAll("input:checked").forEach((box) => { if (box.value === name) box.checked = false; });
    });
    onPress(interaction, (name) => {
      const area = place(name);
      const select = area.querySelector("select");
      if (!held) {
        if (select && select.value) { select.value = ""; changed(select); }
        return;
      }
      const choice = held.dataset.choice;
      const most = Number(held.dataset.matchMax);
      if (most === 1) takeBack(choice, area);
      const box = [...area.querySelectorAll("input")].find((each) => each.value === choice);
      if (select) select.value = choice;
      if (box) box.checked = true;
      hold(null);
      changed(select || box);
    });
    if (!interaction.disabled) chips.forEach((chip) => {
      chip.setAttribute("role", "button");
      chip.setAttribute("aria-label", chip.dataset.label);
      chip.setAttribute("aria-pressed", "false");
      chip.tabIndex = 0;
      chip.addEventListener("click", () => hold(held === chip ? null : chip));
      chip.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        hold(held === chip ? null : chip);
      });
    });
    interaction.addEventListener("change", (event) => {
      const area = event.target.closest("[data-area]");
      const name = event.target.value;
      const chip = chips.find((each) => each.dataset.choice === name);
      if (area && chip && Number(chip.dataset.matchMax) === 1) takeBack(name, area);
      const pairs = areas.reduce((sum, each) => sum + chosen(each).length, 0);
      const over = mostPairs > 0 && pairs > mostPairs;
      note.textContent = over ? note.dataset.limit : "";
      if (over && event.target.matches("select")) event.target.value = "";
      else if (over) event.target.checked = false;
      show();
    }, true);
    new ResizeObserver(show).observe(drawing);
    show();
  }

  const KINDS = {
    "graphic-associate": graphicAssociate,
    "graphic-gap-match": graphicGapMatch,
    "graphic-order": graphicOrder,
    hotspot,
  };

  function startAll() {
    document.querySelectorAll("svg[data-natural-size]").forEach(measure);
    document.querySelectorAll("[data-interaction]").forEach((interaction) => {
      const kind = KINDS[interaction.dataset.interaction];
      if (!kind || interaction.dataset.pictureReady) return;
      interaction.dataset.pictureReady = "true";
      kind(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
