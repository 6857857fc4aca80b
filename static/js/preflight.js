// Looks before the start whether this device can do what the test asks of it.

const list = document.getElementById("preflight");

const checks = {
  server: async () => (await fetch("/healthz", { cache: "no-store" })).ok,
  socket: async () => "WebSocket" in window,
  storage: async () => {
    if (!("indexedDB" in window)) return false;
    localStorage.setItem("invigil.check", "1");
    localStorage.removeItem("invigil.check");
    return true;
  },
  fullscreen: async () => document.fullscreenEnabled === true,
};

async function look(row) {
  const verdict = document.createElement("span");
  verdict.className = "verdict";
  verdict.textContent = list.dataset.waiting;
  row.append(verdict);
  let fine = false;
  try {
    fine = await checks[row.dataset.check]();
  } catch {
    fine = false;
  }
  row.classList.add(fine ? "ready" : "failed");
  verdict.textContent = fine ? list.dataset.ready : list.dataset.failed;
}

list?.querySelectorAll("[data-check]").forEach(look);
document.querySelectorAll('input[name="javascript"]').forEach((field) => (field.value = "1"));
