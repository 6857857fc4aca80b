// The board, live: merges changed rows, ticks what runs, filters, chooses, and opens sheets.
"use strict";

(() => {
  const board = document.getElementById("board");
  if (!board) return;

  const table = document.getElementById("rows");
  const lines = document.getElementById("lines");
  const live = document.getElementById("live");
  const panel = document.getElementById("panel");
  const sheet = document.getElementById("sheet");
  const bar = document.getElementById("act-bar");
  const everyone = document.getElementById("everyone");
  const resort = document.getElementById("resort");
  const find = document.getElementById("find");
  const room = document.getElementById("room");
  const unit = { s: board.dataset.second, min: board.dataset.minute, h: board.dataset.hour };

  const QUIET_MS = 12000; // the server speaks every 5 s; after this silence the socket is not trusted
  const POLL_MS = 5000;

  // ---------- The server's time ----------
  let offset = Number(board.dataset.now) - performance.now();
  const now = () => performance.now() + offset;

  // ---------- Ticking: only rows that can be seen ----------
  // Found by halving, because an observer of a thousand rows would slow every frame of a scroll.
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

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function tickIn(element, at) {
    for (const cell of element.querySelectorAll("[data-ends]")) write(cell, left(Number(cell.dataset.ends) - at));
    for (const cell of element.querySelectorAll("[data-saved]")) write(cell, age(at - Number(cell.dataset.saved)));
  }

  function tick() {
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

  // ---------- Choosing ----------
  const boxes = () => lines.querySelectorAll('input[name="row"]');
  const chosen = () => lines.querySelectorAll('input[name="row"]:checked');

  function showChosen() {
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

  function filter() {
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

  function arrange(anyway = false) {
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

  function take(fresh) {
    const old = document.getElementById(fresh.id);
    if (old && old.dataset.stamp === fresh.dataset.stamp) return;
    const calls = "urgent" in fresh.dataset && !(old && "urgent" in old.dataset);
    if (old) merge(old, fresh);
    else lines.append(fresh);
    fresh.hidden = !shows(fresh);
    tickIn(fresh, now());
    if (calls) call(fresh.querySelector(".who a").textContent);
    if (fresh.classList.contains("open")) reopen();
  }

  function parse(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  }

  function showCounts(counts) {
    for (const [name, number] of Object.entries(counts)) {
      const count = document.querySelector(`[data-count="${CSS.escape(name)}"]`);
      if (!count) continue;
      write(count, String(number));
      count.parentElement.toggleAttribute("data-none", number === 0);
    }
  }

  function gone(key) {
    document.getElementById(`row-${key}`)?.remove();
  }

  function settle() {
    document.getElementById("nobody").hidden = [...lines.rows].some((row) => !row.hidden);
    showChosen();
    arrange();
    tick();
  }

  function receive(message) {
    offset = message.now - performance.now();
    for (const row of message.rows) take(parse(`<table><tbody>${row.html}</tbody></table>`).querySelector("tr"));
    message.gone.forEach(gone);
    showCounts(message.counts);
    if (message.rows.length || message.gone.length) settle();
  }

  // ---------- The socket, and looking every 5 s without it ----------
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
      offset = Number(page.querySelector("#rows").dataset.now) - performance.now();
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

  function tally() {
    const counts = {};
    for (const count of document.querySelectorAll("[data-count]")) counts[count.dataset.count] = 0;
    for (const row of lines.rows) {
      counts[""] += 1;
      counts[row.dataset.standing] += 1;
      if ("attention" in row.dataset) counts.attention += 1;
    }
    return counts;
  }

  // ---------- A call for help: said, and heard where that is switched on ----------
  const sound = document.getElementById("sound");
  let audio = null;

  sound.addEventListener("click", () => {
    const on = sound.getAttribute("aria-pressed") !== "true";
    sound.setAttribute("aria-pressed", String(on));
    if (on) beep();
  });

  function beep() {
    audio ||= new AudioContext();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    volume.gain.setValueAtTime(0.12, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
    tone.frequency.value = 660;
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.4);
  }

  function call(name) {
    write(document.getElementById("told"), board.dataset.help.replace("%s", name));
    if (sound.getAttribute("aria-pressed") === "true") beep();
  }

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

  // ---------- Begin ----------
  showCounts(tally());
  showChosen();
  filter();
  setInterval(tick, 1000);
  setInterval(poll, POLL_MS);
  say("", live.dataset.connecting);
  connect();
})();
