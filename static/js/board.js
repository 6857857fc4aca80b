// The board, live: hears what changed by its socket, and looks by itself where that is silent.

import { filter, gone, parse, settle, showChosen, showCounts, take, tally } from "./board-lines.js";
import * as panel from "./board-panel.js";
import { now, setNow, tick, write } from "./board-time.js";

const QUIET_MS = 12000; // the server speaks every 5 s; after this silence the socket is not trusted
const POLL_MS = 5000;

const board = document.getElementById("board");
const lines = document.getElementById("lines");
const live = document.getElementById("live");

function receive(message) {
  setNow(message.now);
  for (const row of message.rows) take(parse(`<table><tbody>${row.html}</tbody></table>`).querySelector("tr"));
  message.gone.forEach(gone);
  showCounts(message.counts);
  if (message.rows.length || message.gone.length) settle();
}

let socket = null;
let heard = performance.now();
let fails = 0;

function say(state, text) {
  live.dataset.state = state;
  write(live, text);
}

function stamps() {
  return Object.fromEntries([...lines.rows].map((row) => [row.dataset.key, row.dataset.stamp]));
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}${board.dataset.socket}`);
  socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "sync", stamps: stamps() })));
  socket.addEventListener("message", (event) => {
    fails = 0;
    heard = performance.now();
    say("live", live.dataset.live);
    receive(JSON.parse(event.data));
  });
  socket.addEventListener("close", () => {
    fails += 1;
    const wait = Math.min(30000, 1000 * 2 ** Math.min(fails, 5)) * (0.75 + Math.random() / 2);
    setTimeout(connect, wait);
  });
}

function isLive() {
  return socket && socket.readyState === WebSocket.OPEN && performance.now() - heard < QUIET_MS;
}

let lostAt = null;

async function poll() {
  if (isLive() || document.hidden) return;
  try {
    const response = await fetch(board.dataset.rows, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    const page = parse(await response.text());
    setNow(Number(page.querySelector("#rows").dataset.now));
    const kept = new Set();
    for (const row of [...page.querySelectorAll("#lines > tr")]) {
      kept.add(row.dataset.key);
      take(row);
    }
    [...lines.rows].filter((row) => !kept.has(row.dataset.key)).forEach((row) => gone(row.dataset.key));
    showCounts(tally());
    settle();
    lostAt = null;
    if (!isLive()) say("polling", live.dataset.polling);
  } catch {
    lostAt ||= new Date(now());
    say("lost", `${live.dataset.lost} ${lostAt.toLocaleTimeString([], { hour12: false })}`);
  }
}

panel.begin();
showCounts(tally());
showChosen();
filter();
setInterval(tick, 1000);
setInterval(poll, POLL_MS);
say("", live.dataset.connecting);
connect();
