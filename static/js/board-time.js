// The board's clocks: the server's time, and the rows in sight ticking by it.

const board = document.getElementById("board");
const panel = document.getElementById("panel");
const lines = document.getElementById("lines");
const unit = { s: board.dataset.second, min: board.dataset.minute, h: board.dataset.hour };

let offset = Number(board.dataset.now) - performance.now();

export const now = () => performance.now() + offset;

export function setNow(ms) {
  offset = ms - performance.now();
}

// Only rows that can be seen. Found by halving, because an observer of a thousand rows would slow
// every frame of a scroll.
function inSight() {
  const shown = [...lines.rows].filter((row) => !row.hidden);
  let [from, to] = [0, shown.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (shown[middle].getBoundingClientRect().bottom < 0) from = middle + 1;
    else to = middle;
  }
  let end = from;
  while (end < shown.length && shown[end].getBoundingClientRect().top < innerHeight) end += 1;
  return shown.slice(from, end);
}

function left(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} ${unit.h} ${String(minutes % 60).padStart(2, "0")} ${unit.min}`;
  if (seconds && seconds % 60 === 0) return `${minutes} ${unit.min}`;
  if (!minutes) return `${seconds} ${unit.s}`;
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

function age(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} ${unit.h}`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)} ${unit.min}`;
  return `${seconds} ${unit.s}`;
}

export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function tickIn(element, at) {
  for (const cell of element.querySelectorAll("[data-ends]")) write(cell, left(Number(cell.dataset.ends) - at));
  for (const cell of element.querySelectorAll("[data-saved]")) write(cell, age(at - Number(cell.dataset.saved)));
}

export function tick() {
  const at = now();
  for (const row of inSight()) tickIn(row, at);
  if (!panel.hidden) tickIn(panel, at);
}

let scrolled = null;
document.addEventListener("scroll", () => {
  scrolled ||= setTimeout(() => {
    scrolled = null;
    tick();
  }, 200);
}, { passive: true });
