// Stands between a page's scripts and the world: messages and timers wait for the test.
"use strict";

(() => {
  const later = window.setTimeout.bind(window);
  const timers = new Map();
  const answers = new Map();
  const sent = [];
  let now = 1_000;
  let last = 0;
  // The page has one at a time; an earlier one hears nothing any more.
  let socket = null;

  const set = (act, ms = 0, every = 0) => (timers.set((last += 1), { act, at: now + ms, every }), last);
  window.setTimeout = (act, ms) => set(act, ms);
  window.setInterval = (act, ms) => set(act, ms, ms);
  window.clearTimeout = window.clearInterval = (id) => timers.delete(id);
  performance.now = () => now;
  // Waits are spread by chance, which would make the same steps another run.
  Math.random = () => 0.5;
  AbortSignal.timeout = () => new AbortController().signal;

  const name = () => `${performance.timeOrigin} ${(last += 1)}`;
  const put = (url, body, socket = "", closes = false) => {
    const id = name();
    sent.push({ id, url, body, socket, closes });
    return id;
  };

  window.fetch = (url, { body = "" } = {}) =>
    new Promise((resolve, reject) => answers.set(put(String(url), body), { resolve, reject }));

  window.WebSocket = class extends EventTarget {
    static OPEN = 1;
    readyState = 0;
    name = name();
    constructor(url) {
      super();
      this.url = url;
      socket = this;
    }
    send(text) {
      put("", text, this.name);
    }
    // What was sent before still arrives, and then the end.
    close() {
      if (this.readyState === 1) put("", "", this.name, true);
      this.ends();
    }
    ends() {
      if (this.readyState > 1) return;
      this.readyState = 3;
      this.dispatchEvent(new Event("close"));
    }
  };
  const on = (id) => (socket?.name === id ? socket : null);

  async function stored(session) {
    const request = indexedDB.open("invigil");
    const database = await new Promise((done) => (request.onsuccess = () => done(request.result)));
    if (!database.objectStoreNames.contains("queue")) return (database.close(), 0);
    const rows = database.transaction("queue").objectStore("queue").index("session").count(IDBKeyRange.only(session));
    const found = await new Promise((done) => (rows.onsuccess = () => done(rows.result)));
    database.close();
    return found;
  }

  let loading = 0;
  const load = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...given) {
    loading += 1;
    this.addEventListener("loadend", () => (loading -= 1));
    load.apply(this, given);
  };

  let leaving = false;
  window.navigation.addEventListener("navigate", ({ hashChange }) => (leaving ||= !hashChange));

  window.wire = {
    get isLeaving() {
      return leaving;
    },
    get isLoading() {
      return loading > 0;
    },
    stored,
    take: () => sent.splice(0),
    breathe: () => new Promise((done) => later(done, 0)),
    get answers() {
      return performance.getEntriesByType("resource").find(({ name }) => name.endsWith("/answers.js"))?.name;
    },
    // The page's socket, unless it has ended.
    get socket() {
      return socket && socket.readyState < 2 ? { name: socket.name, url: socket.url, isOpen: socket.readyState === 1 } : null;
    },
    opened(id) {
      if (on(id)?.readyState !== 0) return;
      socket.readyState = 1;
      socket.dispatchEvent(new Event("open"));
    },
    ended: (id) => on(id)?.ends(),
    // Whether there was somebody to hear it.
    hear([id, data]) {
      if (on(id)?.readyState !== 1) return 0;
      socket.dispatchEvent(new MessageEvent("message", { data }));
      return 1;
    },
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
