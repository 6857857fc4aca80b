// The candidate's service worker: keeps the pages of the current part, and hands out what is kept when the network is down.
"use strict";

const PREFIX = "invigil-pages-";
const ABSENT = new Set([502, 503, 504]);
const IMPORTS = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+\.js)"/g;
const PARTS = /(?:src|href|data-src|poster)="(\/(?:sessions|static)\/[^"]+)"/g;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const pause = (ms) => new Promise((done) => setTimeout(done, ms * (0.5 + Math.random())));

// A page or a script comes after all that it needs: whole, or not at all.
async function keep(cache, url, under) {
  const response = await fetch(url, { credentials: "same-origin", headers: { "HX-Request": "true" } });
  if (!response.ok || response.redirected) return;
  for (const part of await partsOf(response.clone(), url)) {
    if (under.has(part) || (await cache.match(part))) continue;
    under.add(part);
    await keep(cache, part, under);
  }
  await cache.put(url, response);
}

// The addresses that a page's elements and a script's imports name, as far as they are the test's.
async function partsOf(response, url) {
  const kind = response.headers.get("Content-Type") ?? "";
  if (/^text\/javascript/.test(kind)) {
    const named = (await response.text()).matchAll(IMPORTS);
    return Array.from(named, ([, written]) => new URL(written, new URL(url, self.location.href)).pathname);
  }
  if (!/^text\/html/.test(kind)) return [];
  const named = Array.from((await response.text()).matchAll(PARTS), ([, written]) => written.replaceAll("&amp;", "&"));
  return named.filter((part) => /\/(assets|test-assets)\//.test(part) || /\.(css|js|svg)$/.test(part));
}

async function fetchAhead({ cache: name, shell, pages, breath }) {
  // Pages of an earlier part or another session have no business here any more.
  for (const other of await caches.keys()) {
    if (other.startsWith(PREFIX) && other !== name) await caches.delete(other);
  }
  const cache = await caches.open(name);
  const wanted = new Set(pages);
  for (const kept of await cache.keys()) {
    const path = new URL(kept.url).pathname;
    if (path.includes("/ahead/") && !wanted.has(path)) await cache.delete(kept);
  }
  for (const url of [shell, ...pages]) {
    if (!(await caches.has(name))) return;
    try {
      await keep(cache, url, new Set([url]));
    } catch {
      return;
    }
    await pause(breath);
  }
}

// What the page knew last. Here and nowhere else: it opens what waits sealed on this device's disk.
let remembered = null;

async function recall({ data, ports }) {
  const isKept = await caches.has(PREFIX + data.session);
  ports[0].postMessage(isKept && remembered?.session === data.session ? remembered.memory : null);
}

self.addEventListener("message", (event) => {
  const told = event.data ?? {};
  if (told.type === "fetch-ahead") event.waitUntil(fetchAhead(told));
  if (told.type === "remember") remembered = told;
  if (told.type === "forget") remembered = null;
  if (told.type === "recall") event.waitUntil(recall(event));
});

async function kept(request, otherwise = Response.error()) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX)) continue;
    const cache = await caches.open(name);
    if (request.mode === "navigate") {
      const session = name.slice(PREFIX.length);
      if (!new URL(request.url).pathname.includes(session)) continue;
      const shell = await cache.match(`/sessions/${session}/offline/`);
      if (shell) return shell;
    }
    const found = await cache.match(request, { ignoreSearch: false });
    if (found) return found;
  }
  return otherwise;
}

// A page that the server draws knows better than what an earlier one knew.
async function fromServer(request) {
  const response = await fetch(request);
  if (request.mode !== "navigate") return response;
  // What stands before the server answers for it: that is no page of the test.
  if (ABSENT.has(response.status)) return kept(request, response);
  remembered = null;
  return response;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  const isPart = /\/(assets|test-assets|appearance)\//.test(path) || path.startsWith("/static/");
  const mine = request.mode === "navigate" || isPart;
  if (request.method !== "GET" || !mine || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(fromServer(request).catch(() => kept(request)));
});
