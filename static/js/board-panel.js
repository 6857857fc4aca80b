// What opens beside and above the board: a candidate's panel, and the sheet of an act.

import { arrange, chosen } from "./board-lines.js";

const board = document.getElementById("board");
const lines = document.getElementById("lines");
const panel = document.getElementById("panel");
const sheet = document.getElementById("sheet");

// ---------- The side panel ----------
let opened = null;

function showPanel(shown) {
  panel.hidden = !shown;
  panel.parentElement.classList.toggle("with-panel", shown);
}

function open(url, row) {
  closePanel(false);
  opened = { url, id: row.id };
  row.classList.add("open");
  showPanel(true);
  htmx.ajax("GET", url, { target: panel, swap: "innerHTML" }).then(() => {
    document.getElementById("panel-title")?.focus({ preventScroll: true });
  });
}

function reopen() {
  if (opened && !panel.contains(document.activeElement)) htmx.ajax("GET", opened.url, { target: panel, swap: "innerHTML" });
}

function closePanel(back = true) {
  if (!opened) return;
  const row = document.getElementById(opened.id);
  row?.classList.remove("open");
  showPanel(false);
  panel.replaceChildren();
  opened = null;
  if (back) row?.querySelector("a").focus();
  arrange();
}

lines.addEventListener("click", (event) => {
  const link = event.target.closest(".who a");
  const wide = window.matchMedia("(min-width: 62rem)").matches;
  if (!link || !wide || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link.href, link.closest("tr"));
});
panel.addEventListener("click", (event) => {
  if (event.target.closest("[data-closes-panel]")) closePanel();
  const act = event.target.closest("[data-act]");
  if (act) ask({ act: act.dataset.act, row: [act.dataset.target] });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !sheet.open && opened) closePanel();
});

export function begin() {
  lines.addEventListener("board:opened-changed", reopen);
}

// ---------- Sheets ----------
function ask(values) {
  const back = board.elements.back.value;
  htmx.ajax("POST", board.action, { target: sheet, swap: "innerHTML", values: { ...values, back } });
}

board.addEventListener("submit", (event) => {
  const act = event.submitter?.value;
  if (!act || typeof sheet.showModal !== "function") return;
  event.preventDefault();
  ask({ act, row: [...chosen()].map((box) => box.value) });
});
sheet.addEventListener("htmx:afterSwap", () => {
  if (!sheet.open) sheet.showModal();
  (sheet.querySelector("[aria-invalid=true], .errorlist + *") || document.getElementById("sheet-title"))?.focus();
});
sheet.addEventListener("close", () => {
  sheet.replaceChildren();
  reopen();
  arrange();
});
