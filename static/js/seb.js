// Asks Safe Exam Browser's JavaScript API for this page's hashes, and hands them in.
// On some systems the API appears a moment after the page, so it is waited for.

const PATIENCE_MS = 4_000;
const STEP_MS = 100;

const form = document.getElementById("seb-check");

function keys() {
  const security = window.SafeExamBrowser?.security;
  return { config: security?.configKey ?? "", exam: security?.browserExamKey ?? "" };
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// The first versions with the API fill it only when they are asked to.
async function update() {
  const security = window.SafeExamBrowser?.security;
  if (typeof security?.updateKeys !== "function" || security.configKey) return;
  await Promise.race([new Promise((resolve) => security.updateKeys(resolve)), wait(1_000)]);
}

async function ask() {
  const until = performance.now() + PATIENCE_MS;
  while (!keys().config && performance.now() < until) {
    await update();
    if (!keys().config) await wait(STEP_MS);
  }
  const found = keys();
  form.elements.config_key.value = found.config;
  form.elements.browser_exam_key.value = found.exam;
  form.submit();
}

ask();
