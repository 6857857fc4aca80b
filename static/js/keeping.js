// The pages of a running test on this device; and how all of them leave it.

import * as recollection from "./recollection.js";

const PAGES = "invigil-pages-";

export function pagesOf(session) {
  return `${PAGES}${session}`;
}

// Everything of the candidate's pages leaves this device, of every session.
export async function purge() {
  if (!("caches" in window)) return;
  if (await recollection.begin()) recollection.forget();
  const names = await caches.keys();
  await Promise.all(names.filter((one) => one.startsWith(PAGES)).map((one) => caches.delete(one)));
}
