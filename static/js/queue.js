// Answers on their way, in order. This one lives in memory; a store that outlives the page has the same four verbs.

export class MemoryQueue {
  #entries = [];

  async load() {
    return this.all();
  }

  all() {
    return [...this.#entries];
  }

  // A newer answer to an item replaces one that has not been sent yet.
  add(entry) {
    this.#entries = this.#entries.filter((one) => one.item !== entry.item || one.sentAt);
    this.#entries.push(entry);
  }

  remove(keep) {
    this.#entries = this.#entries.filter(keep);
  }

  get size() {
    return this.#entries.length;
  }
}
