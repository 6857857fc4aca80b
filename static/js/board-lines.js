// The board's rows: chosen, filtered, kept in order, and merged with what the server sends.

import { call } from "./board-calls.js";
import { now, tick, tickIn, write } from "./board-time.js";

const board = document.getElementById("board");
const lines = document.getElementById("lines");
const panel = document.getElementById("panel");
const sheet = document.getElementById("sheet");
const bar = document.getElementById("act-bar");
const everyone = document.getElementById("everyone");
const resort = document.getElementById("resort");
const find = document.getElementById("find");
const room = document.getElementById("room");

// ---------- Choosing ----------
const boxes = () => lines.querySelectorAll('input[name="row"]');
export const chosen = () => lines.querySelectorAll('input[name="row"]:checked');

export function showChosen() {
  const count = chosen().length;
  write(document.getElementById("chosen"), count ? board.dataset.chosen.replace("%s", count) : "");
  if (count) bar.dataset.chosen = count;
  else delete bar.dataset.chosen;
  const shown = [...lines.rows].filter((row) => !row.hidden);
  for (const row of lines.rows) row.classList.toggle("chosen", row.querySelector('input[name="row"]').checked);
  everyone.checked = count > 0 && shown.every((row) => row.classList.contains("chosen"));
  everyone.indeterminate = count > 0 && !everyone.checked;
  if (!count) arrange();
}

function clear() {
  for (const box of chosen()) box.checked = false;
  showChosen();
}

everyone.removeAttribute("name"); // with this script the rows' own boxes say who is meant
everyone.addEventListener("change", () => {
  for (const box of boxes()) box.checked = everyone.checked && !box.closest("tr").hidden;
  showChosen();
});
document.getElementById("clear").addEventListener("click", clear);

let last = null;
lines.addEventListener("click", (event) => {
  const box = event.target.closest('input[name="row"]');
  if (!box) return;
  if (event.shiftKey && last && last.isConnected) {
    const all = [...boxes()].filter((one) => !one.closest("tr").hidden);
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) all.slice(from, to + 1).forEach((one) => (one.checked = box.checked));
  }
  last = box;
  showChosen();
});

// ---------- Filtering ----------
const asked = new URLSearchParams(location.search);
let standing = asked.get("standing") || "";

function shows(row) {
  if (standing === "attention" && !("attention" in row.dataset)) return false;
  if (standing && standing !== "attention" && row.dataset.standing !== standing) return false;
  if (room && room.value && row.dataset.room !== room.value) return false;
  return find.value.toLowerCase().split(/\s+/).every((word) => row.dataset.find.includes(word));
}

export function filter() {
  let shown = 0;
  for (const row of lines.rows) {
    row.hidden = !shows(row);
    if (!row.hidden) shown += 1;
  }
  document.getElementById("nobody").hidden = shown > 0;
  for (const link of document.querySelectorAll(".states [data-filter]")) {
    if (link.dataset.filter === standing) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const query = new URLSearchParams();
  if (standing) query.set("standing", standing);
  if (room && room.value) query.set("room", room.value);
  if (find.value.trim()) query.set("find", find.value.trim());
  const url = query.size ? `?${query}` : location.pathname;
  history.replaceState(null, "", url);
  board.elements.back.value = location.pathname + location.search;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-filter]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  standing = link.dataset.filter;
  if (link.closest("#nobody")) {
    find.value = "";
    if (room) room.value = "";
  }
  filter();
});
find.addEventListener("input", filter);
if (room) room.addEventListener("change", filter);
find.form.addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});

// ---------- Order: held still while somebody points at, chooses or reads a row ----------
const rank = (row) => Number(row.dataset.need);

function inOrder() {
  let before = Infinity;
  for (const row of lines.rows) {
    if (rank(row) > before) return false;
    before = rank(row);
  }
  return true;
}

function isHeld() {
  return lines.matches(":hover") || lines.contains(document.activeElement) || chosen().length > 0 || !panel.hidden || sheet.open;
}

export function arrange(anyway = false) {
  if (inOrder()) {
    resort.hidden = true;
  } else if (isHeld() && !anyway) {
    resort.hidden = false;
  } else {
    const focused = document.activeElement;
    const sorted = [...lines.rows].map((row, index) => [row, index]);
    sorted.sort(([a, i], [b, j]) => rank(b) - rank(a) || i - j);
    lines.append(...sorted.map(([row]) => row));
    if (focused && focused.isConnected && focused !== document.body) focused.focus({ preventScroll: true });
    resort.hidden = true;
  }
}

resort.addEventListener("click", () => {
  arrange(true);
  find.focus();
});
lines.addEventListener("mouseleave", () => setTimeout(arrange, 300));
lines.addEventListener("focusout", () => setTimeout(arrange, 300));

// ---------- Merging what the server sends ----------
function merge(old, fresh) {
  const box = old.querySelector('input[name="row"]');
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  fresh.querySelector('input[name="row"]').checked = box.checked;
  if (old.classList.contains("open")) fresh.classList.add("open");
  old.replaceWith(fresh);
  if (focused) (focused.type === "checkbox" ? fresh.querySelector("input") : fresh.querySelector("a")).focus({ preventScroll: true });
}

export function take(fresh) {
  const old = document.getElementById(fresh.id);
  if (old && old.dataset.stamp === fresh.dataset.stamp) return;
  const calls = "urgent" in fresh.dataset && !(old && "urgent" in old.dataset);
  if (old) merge(old, fresh);
  else lines.append(fresh);
  fresh.hidden = !shows(fresh);
  tickIn(fresh, now());
  if (calls) call(fresh.querySelector(".who a").textContent);
  if (fresh.classList.contains("open")) lines.dispatchEvent(new Event("board:opened-changed"));
}

export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

export function showCounts(counts) {
  for (const [name, number] of Object.entries(counts)) {
    const count = document.querySelector(`[data-count="${CSS.escape(name)}"]`);
    if (!count) continue;
    write(count, String(number));
    count.parentElement.toggleAttribute("data-none", number === 0);
  }
}

export function gone(key) {
  document.getElementById(`row-${key}`)?.remove();
}

export function settle() {
  document.getElementById("nobody").hidden = [...lines.rows].some((row) => !row.hidden);
  showChosen();
  arrange();
  tick();
}

export function tally() {
  const counts = {};
  for (const count of document.querySelectorAll("[data-count]")) counts[count.dataset.count] = 0;
  for (const row of lines.rows) {
    counts[""] += 1;
    counts[row.dataset.standing] += 1;
    if ("attention" in row.dataset) counts.attention += 1;
  }
  return counts;
}
