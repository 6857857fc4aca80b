// Points on a picture: a press sets one, arrow keys move it; the coordinates are the answer.
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";

  const draw = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  };

  // How much of the picture a pixel of the screen covers: a mark is as large on every screen.
  const unit = (svg) => svg.viewBox.baseVal.width / svg.getBoundingClientRect().width || 1;

  function cross(x, y, number, one) {
    const group = draw("g", { class: "qti-point-mark" });
    const arm = 11 * one;
    const path = `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`;
    group.append(draw("path", { d: path, class: "qti-cross-ground" }), draw("path", { d: path, class: "qti-cross" }), draw("circle", { cx: x, cy: y, r: 7 * one, class: "qti-cross" }));
    const label = draw("text", { x: x + 12 * one, y: y - 8 * one, class: "qti-cross-number", "font-size": 16 * one });
    label.textContent = String(number);
    group.append(label);
    return group;
  }

  // The object lies on the point with its middle, unless it says another place.
  function thing(x, y, object) {
    const width = Number(object.getAttribute("width")) || object.naturalWidth;
    const height = Number(object.getAttribute("height")) || object.naturalHeight;
    const left = x - (object.dataset.heldX ?? width / 2);
    const top = y - (object.dataset.heldY ?? height / 2);
    return draw("image", { href: object.src, x: left, y: top, width, height });
  }

  function start(interaction) {
    interaction.dataset.pointReady = "true";
    const frame = interaction.querySelector("[data-point-frame]");
    const svg = frame.querySelector(".qti-picture");
    const object = interaction.querySelector("[data-movable]");
    const layer = svg.appendChild(draw("g", {}));
    const rows = [...interaction.querySelectorAll("[data-point]")].map((row) => {
      const [x, y] = row.querySelectorAll("input");
      return { row, x, y, remove: row.querySelector("[data-remove-point]") };
    });
    const isSet = ({ x, y }) => x.value !== "" && y.value !== "";
    let current = null;

    const show = () => {
      const placed = rows.filter(isSet);
      layer.replaceChildren(...placed.map(({ x, y }) => (object ? thing(Number(x.value), Number(y.value), object) : cross(Number(x.value), Number(y.value), rows.findIndex((each) => each.x === x) + 1, unit(svg)))));
      rows.forEach((each) => { if (each.remove) each.remove.hidden = !isSet(each); });
    };
    const set = (point, x, y) => {
      const box = svg.viewBox.baseVal;
      point.x.value = Math.round(Math.min(Math.max(x, 0), box.width));
      point.y.value = Math.round(Math.min(Math.max(y, 0), box.height));
      current = point;
      show();
    };
    const changed = (point) => point.x.dispatchEvent(new Event("change", { bubbles: true }));
    const place = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return [at.x, at.y];
    };
    const near = (x, y) => rows.filter(isSet).find((each) => Math.hypot(each.x.value - x, each.y.value - y) < 20 * unit(svg));

    if (object) object.addEventListener("load", show);
    new ResizeObserver(show).observe(svg);
    show();
    if (interaction.disabled) return;

    let dragged = null;
    svg.classList.add("live", "pointing");
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const [x, y] = place(event);
      dragged = near(x, y) || rows.find((each) => !isSet(each)) || (rows.length === 1 ? rows[0] : null);
      if (!dragged) return;
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      set(dragged, x, y);
      svg.focus({ preventScroll: true });
    });
    svg.addEventListener("dragover", (event) => event.preventDefault());
    svg.addEventListener("drop", (event) => {
      event.preventDefault();
      const free = rows.find((each) => !isSet(each)) || (rows.length === 1 ? rows[0] : null);
      if (!free) return;
      set(free, ...place(event));
      changed(free);
    });
    svg.addEventListener("pointermove", (event) => { if (dragged) set(dragged, ...place(event)); });
    svg.addEventListener("pointerup", () => { if (dragged) changed(dragged); dragged = null; });
    svg.addEventListener("pointercancel", () => { dragged = null; });
    svg.tabIndex = 0;
    svg.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const box = svg.viewBox.baseVal;
      if (event.key === "Enter" || event.key === " ") {
        const free = rows.find((each) => !isSet(each));
        if (free) { set(free, box.width / 2, box.height / 2); changed(free); }
        event.preventDefault();
      }
      const step = steps[event.key];
      const point = current && isSet(current) ? current : rows.find(isSet);
      if (!step || !point) return;
      event.preventDefault();
      const far = event.shiftKey ? 10 : 1;
      set(point, Number(point.x.value) + step[0] * far, Number(point.y.value) + step[1] * far);
      changed(point);
    });
    rows.forEach((point) => {
      [point.x, point.y].forEach((input) => input.addEventListener("input", show));
      if (point.remove) point.remove.addEventListener("click", () => {
        point.x.value = "";
        point.y.value = "";
        show();
        changed(point);
        point.x.focus();
      });
    });
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="select-point"], [data-interaction="position-object"]').forEach((interaction) => {
      if (!interaction.dataset.pointReady) start(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
