// Answers on their way, in order: in memory at once, and sealed on this device where it allows that.

import * as sealing from "./sealing.js";

const DATABASE = "invigil";
const STORE = "queue";
const MOST = 400;
const LARGEST = 16_000_000;

export class MemoryQueue {
  entries = [];

  // Whether what waits here survives the page.
  get durable() {
    return false;
  }

  all() {
    return [...this.entries];
  }

  // A newer answer to an item replaces one that has not been sent yet.
  add(entry) {
    this.entries.push(entry);
    this.remove((one) => one === entry || one.item !== entry.item || one.sentAt || one.restored);
  }

  remove(keep) {
    this.entries = this.entries.filter(keep);
  }

  get size() {
    return this.entries.length;
  }
}

function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function opened() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { autoIncrement: true }).createIndex("session", "session");
  };
  return answered(request);
}

// The number that the store gives is the order; the key is the server's and never stored here.
export class SealedQueue extends MemoryQueue {
  #session;
  #database = null;
  #key = null;
  #numbers = new Map();
  #work = Promise.resolve();
  #bytes = 0;
  #broken = false;

  constructor(session) {
    super();
    this.#session = session;
  }

  get durable() {
    return this.#key !== null && !this.#broken;
  }

  // Returns what an earlier page left here, oldest first; throws nothing: memory always works.
  async open(rawKey) {
    try {
      if (!rawKey || !sealing.isPossible) throw new Error("nothing to seal with");
      const key = await sealing.key(rawKey);
      this.#database = await opened();
      // What this page adds meanwhile is not an earlier page's: it is written down after.
      const left = await this.#read(key);
      this.#key = key;
      for (const entry of this.entries) this.#write(entry);
      return left;
    } catch {
      this.#broken = true;
      return [];
    }
  }

  async #read(key) {
    const store = this.#database.transaction(STORE).objectStore(STORE);
    const range = IDBKeyRange.only(this.#session);
    const index = store.index("session");
    const [rows, numbers] = await Promise.all([answered(index.getAll(range)), answered(index.getAllKeys(range))]);
    const found = [];
    for (const [place, row] of rows.entries()) {
      try {
        const entry = await sealing.open(key, row, this.#session);
        this.#numbers.set(entry.key, numbers[place]);
        this.#bytes += row.sealed.byteLength;
        found.push([numbers[place], entry]);
      } catch {
        this.#delete(numbers[place]);
      }
    }
    return found.sort(([one], [other]) => one - other).map(([, entry]) => entry);
  }

  // Puts back what `open` found, as its page now sends it.
  restore(entries) {
    this.entries = [...entries, ...this.entries];
    for (const entry of entries) this.#write(entry);
  }

  // The newer one is written down before the older one is forgotten.
  add(entry) {
    this.#write(entry);
    super.add(entry);
  }

  remove(keep) {
    const gone = this.entries.filter((entry) => !keep(entry));
    super.remove(keep);
    for (const { key } of gone) this.#later(() => this.#forget(key));
  }

  #later(act) {
    this.#work = this.#work.then(act).catch(() => (this.#broken = true));
  }

  #write(entry) {
    if (!this.durable) return;
    if (this.entries.length > MOST || this.#bytes > LARGEST) {
      this.#broken = true;
      return;
    }
    this.#later(async () => {
      const { sentAt, queuedAt, restored, turnedAway, ...kept } = entry;
      const row = { session: this.#session, ...(await sealing.seal(this.#key, kept, this.#session)) };
      if (!this.entries.some((one) => one.key === entry.key)) return;
      const store = this.#database.transaction(STORE, "readwrite").objectStore(STORE);
      const known = this.#numbers.get(entry.key);
      this.#bytes += row.sealed.byteLength;
      this.#numbers.set(entry.key, await answered(known === undefined ? store.add(row) : store.put(row, known)));
    });
  }

  async #forget(key) {
    const number = this.#numbers.get(key);
    this.#numbers.delete(key);
    if (number !== undefined) await this.#delete(number);
    if (!this.entries.length) this.#bytes = 0;
  }

  #delete(number) {
    return answered(this.#database.transaction(STORE, "readwrite").objectStore(STORE).delete(number));
  }
}
