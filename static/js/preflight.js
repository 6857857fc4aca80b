// Looks before the start whether this device can do what the test asks of it, and tells the server.

const PATIENCE_MS = 5_000;
const MOST_SKEW_S = 60;

const list = document.getElementById("preflight");
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

function reachSocket() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new Promise((resolve) => {
    const socket = new WebSocket(`${scheme}//${location.host}/ws/hello/`);
    const give = (fine) => {
      resolve({ fine });
      socket.close();
    };
    socket.addEventListener("open", () => give(true));
    socket.addEventListener("error", () => give(false));
    setTimeout(() => give(false), PATIENCE_MS);
  });
}

async function compareClocks() {
  const asked = Date.now();
  const answer = await fetch("/healthz", { cache: "no-store" });
  const told = Date.parse(answer.headers.get("Date") ?? "");
  if (Number.isNaN(told)) return { fine: true };
  const off = Math.round((Date.now() + asked) / 2000 - told / 1000);
  return { fine: Math.abs(off) <= MOST_SKEW_S, detail: `${off > 0 ? "+" : ""}${off} s` };
}

function keepSomething() {
  if (!("indexedDB" in window)) return { fine: false };
  localStorage.setItem("invigil.check", "1");
  localStorage.removeItem("invigil.check");
  return { fine: true };
}

const checks = {
  server: async () => ({ fine: (await fetch("/healthz", { cache: "no-store" })).ok }),
  clock: compareClocks,
  socket: reachSocket,
  storage: async () => keepSomething(),
  fullscreen: async () => ({ fine: document.fullscreenEnabled === true }),
  // Only some browsers tell; where one does not, nothing is held against it.
  screens: async () => ({ fine: screen.isExtended !== true, detail: "isExtended" in screen ? "" : "?" }),
  browser: async (row) => ({ fine: "fine" in row.dataset, detail: navigator.userAgent.slice(-60) }),
  seb: async (row) => ({ fine: "fine" in row.dataset }),
};

async function look(row) {
  const verdict = document.createElement("span");
  verdict.className = "verdict";
  verdict.textContent = list.dataset.waiting;
  row.append(verdict);
  let found = { fine: false };
  try {
    found = await checks[row.dataset.check](row);
  } catch {
    found = { fine: false };
  }
  row.classList.add(found.fine ? "ready" : "failed");
  verdict.textContent = found.fine ? list.dataset.ready : list.dataset.failed;
  if (!found.fine && row.dataset.help) {
    const help = document.createElement("span");
    help.className = "help";
    help.textContent = row.dataset.help;
    row.append(help);
  }
  return [row.dataset.check, found];
}

async function lookAtAll() {
  const found = await Promise.all([...list.querySelectorAll("[data-check]")].map(look));
  await fetch(list.dataset.tell, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(Object.fromEntries(found)),
  });
}

if (list) lookAtAll().catch(() => {});
document.querySelectorAll('input[name="javascript"]').forEach((field) => (field.value = "1"));
