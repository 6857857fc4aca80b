// The sign-in ran out while the test goes on: asks for the access code on this very page.

import { on, page, say } from "./bus.js";
import * as connection from "./connection.js";
import * as lockdown from "./lockdown.js";

function problem(text) {
  const line = document.querySelector("#cover #again-problem");
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
}

async function told(options) {
  const response = await fetch(page.again, {
    ...options,
    credentials: "same-origin",
    signal: AbortSignal.timeout(10_000),
  });
  return { ok: response.ok, ...(await response.json()) };
}

async function onSubmit(event) {
  const form = event.target.closest?.("#again-form");
  if (!form) return;
  event.preventDefault();
  event.stopPropagation();
  problem("");
  try {
    const token = (await told({ method: "GET" })).csrf;
    const answer = await told({
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ code: form.elements.namedItem("code").value }),
    });
    if (!answer.ok) return problem(answer.sentence);
    connection.setToken(answer.csrf);
    lockdown.uncover();
    connection.signedIn();
  } catch {
    problem(say("offlineGo"));
  }
}

function ask() {
  const template = document.getElementById("again");
  if (!template) return location.reload();
  lockdown.cover(template.innerHTML);
  document.querySelector("#cover input[name=code]")?.focus();
}

export function begin() {
  on("signed-out", ask);
  document.addEventListener("submit", onSubmit, true);
}
