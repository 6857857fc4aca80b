// Where no test runs: takes a test's pages off this device, and lets what still waits here be sent.

const PREFIX = "invigil-pages-";

async function purge() {
  if (!("caches" in window)) return;
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX)).map((name) => caches.delete(name)));
}

purge();
if (document.body.dataset.queueKey) import("./leftover.js");
