// Drawing: lines by mouse, pen or finger over the picture; the result is the answer as a PNG.
(() => {
  "use strict";

  const SMALL_TEXT = 90000; // characters
  const HASH = /^urn:invigil:file:([0-9a-f]{64})/;

  function start(interaction) {
    interaction.dataset.drawingReady = "true";
    const frame = interaction.querySelector("[data-drawing-frame]");
    const ground = frame.querySelector("img");
    const value = interaction.querySelector("[data-file-value]");
    const file = interaction.querySelector("[data-file]");
    const tools = interaction.querySelector("[data-drawing-tools]");
    const width = Number(frame.dataset.width);
    const height = Number(frame.dataset.height);
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const paper = canvas.getContext("2d");
    const before = ground.src;
    const strokes = [];
    let line = null;

    const redraw = () => {
      paper.clearRect(0, 0, width, height);
      paper.lineWidth = Math.max(2, width / 200);
      paper.lineCap = paper.lineJoin = "round";
      paper.strokeStyle = getComputedStyle(frame).getPropertyValue("--paper-ink");
      strokes.forEach((points) => {
        paper.beginPath();
        points.forEach(([x, y], at) => { if (at) paper.lineTo(x, y); else paper.moveTo(x, y); });
        if (points.length === 1) paper.lineTo(points[0][0] + 0.1, points[0][1]);
        paper.stroke();
      });
    };
    const write = (text) => {
      value.value = text;
      value.dispatchEvent(new Event("change", { bubbles: true }));
    };
    let turn = 0;
    const hold = async (blob, name, then) => {
      const mine = (turn += 1);
      const held = await window.qtiFiles.take(interaction, blob, name);
      if (held === null || mine !== turn) return;
      write(held);
      then?.(HASH.test(held) ? `${interaction.dataset.handIn}${HASH.exec(held)[1]}/` : held);
    };
    const commit = () => {
      const sheet = document.createElement("canvas");
      sheet.width = width;
      sheet.height = height;
      const context = sheet.getContext("2d");
      context.drawImage(ground, 0, 0, width, height);
      context.drawImage(canvas, 0, 0);
      const drawn = strokes.length || ground.src !== frame.dataset.start;
      const text = drawn ? sheet.toDataURL("image/png") : "";
      // At once where it can be: whoever goes on directly after a line keeps that line.
      if (text.length < SMALL_TEXT) write(text.replace(";base64,", ";name=drawing.png;base64,"));
      else sheet.toBlob((blob) => hold(blob, "drawing.png"), "image/png");
    };
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientX - box.left) * width) / box.width, ((event.clientY - box.top) * height) / box.height];
    };

    frame.dataset.start = new URL(ground.dataset.ground, location.href).href;
    ground.width = width;
    ground.height = height;
    frame.append(canvas);
    // The hidden control speaks from here on; who does not draw hands in a picture.
    file.removeAttribute("name");
    file.addEventListener("change", (event) => {
      event.stopPropagation();
      const [chosen] = file.files;
      if (!chosen) return;
      hold(chosen, chosen.name, (address) => {
        strokes.length = 0;
        redraw();
        ground.src = address;
      });
    });
    tools.hidden = false;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      line = [at(event)];
      strokes.push(line);
      redraw();
    });
    canvas.addEventListener("pointermove", (event) => { if (line) { line.push(at(event)); redraw(); } });
    canvas.addEventListener("pointerup", () => { if (line) { line = null; commit(); } });
    canvas.addEventListener("pointercancel", () => { line = null; });
    interaction.querySelector("[data-undo]").addEventListener("click", () => { strokes.pop(); redraw(); commit(); });
    interaction.querySelector("[data-start-again]").addEventListener("click", () => {
      strokes.length = 0;
      redraw();
      const emptied = () => { ground.removeEventListener("load", emptied); commit(); };
      if (before === frame.dataset.start) commit();
      else { ground.addEventListener("load", emptied); ground.src = ground.dataset.ground; }
    });
  }

  function startAll() {
    document.querySelectorAll('[data-interaction="drawing"]').forEach((interaction) => {
      if (!interaction.dataset.drawingReady && !interaction.disabled) start(interaction);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
