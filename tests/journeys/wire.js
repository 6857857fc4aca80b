// Stands between a page's scripts and the world: messages and timers wait for the test.
"use strict";

(() => {
  const later = window.setTimeout.bind(window);
  const timers = new Map();
  const answers = new Map();
  const sent = [];
  let now = 1_000;
  let last = 0;
  let socket = null;

  const set = (act, ms = 0, every = 0) => (timers.set((last += 1), { act, at: now + ms, every }), last);
  window.setTimeout = (act, ms) => set(act, ms);
  window.setInterval = (act, ms) => set(act, ms, ms);
  window.clearTimeout = window.clearInterval = (id) => timers.delete(id);
  performance.now = () => now;
  AbortSignal.timeout = () => new AbortController().signal;

  const put = (by, url, body) => {
    const id = `${performance.timeOrigin} ${(last += 1)}`;
    sent.push({ id, by, url, body });
    return id;
  };

  window.fetch = (url, { body = "" } = {}) =>
    new Promise((resolve, reject) => answers.set(put("http", String(url), body), { resolve, reject }));

  window.WebSocket = class extends EventTarget {
    static OPEN = 1;
    readyState = 0;
    constructor() {
      super();
      socket = this;
    }
    send(text) {
      put("socket", "", text);
    }
    close() {
      if (this.readyState > 1) return;
      this.readyState = 3;
      this.dispatchEvent(new Event("close"));
    }
  };

  async function stored(session) {
    const request = indexedDB.open("invigil");
    const database = await new Promise((done) => (request.onsuccess = () => done(request.result)));
    if (!database.objectStoreNames.contains("queue")) return (database.close(), 0);
    const rows = database.transaction("queue").objectStore("queue").index("session").count(IDBKeyRange.only(session));
    const found = await new Promise((done) => (rows.onsuccess = () => done(rows.result)));
    database.close();
    return found;
  }

  let leaving = false;
  window.navigation.addEventListener("navigate", ({ hashChange }) => (leaving ||= !hashChange));

  window.wire = {
    get isLeaving() {
      return leaving;
    },
    stored,
    take: () => sent.splice(0),
    breathe: () => new Promise((done) => later(done, 0)),
    get answers() {
      return performance.getEntriesByType("resource").find(({ name }) => name.endsWith("/answers.js"))?.name;
    },
    get isOpen() {
      return socket?.readyState === 1;
    },
    open() {
      if (socket?.readyState !== 0) return;
      socket.readyState = 1;
      socket.dispatchEvent(new Event("open"));
    },
    close: () => socket?.close(),
    hear: (data) => socket?.readyState === 1 && socket.dispatchEvent(new MessageEvent("message", { data })),
    fail: (id) => (answers.get(id)?.reject(new TypeError("lost")), answers.delete(id)),
    answer: ([id, status, text]) => (answers.get(id)?.resolve(new Response(text, { status })), answers.delete(id)),
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= until).sort(([, one], [, other]) => one.at - other.at)[0];
        if (!due) break;
        const [id, { act, at, every }] = due;
        now = Math.max(now, at);
        if (every) timers.get(id).at = now + every;
        else timers.delete(id);
        act();
      }
      now = until;
    },
  };
})();
