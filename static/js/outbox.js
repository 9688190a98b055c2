/**
 * A write-ahead queue of answers. An answer is kept in this browser before it is sent and is taken out only when the site
 * has acknowledged it, so neither a lost network nor a closed tab loses one. Each carries its own key: sent twice, it is
 * the same answer. One localStorage item an answer, so that two tabs cannot overwrite each other's.
 */
import { Refused, Unreachable, post } from "./api.js";

const RETRY_MS = [2_000, 4_000, 8_000, 15_000, 30_000];
const AT_LEAST_MS = 500;

class Memory {
  #items = new Map();
  keys = () => [...this.#items.keys()];
  getItem = (name) => this.#items.get(name) ?? null;
  setItem = (name, value) => this.#items.set(name, value);
  removeItem = (name) => this.#items.delete(name);
}

class Local {
  keys = () => Object.keys(localStorage);
  getItem = (name) => localStorage.getItem(name);
  setItem = (name, value) => localStorage.setItem(name, value);
  removeItem = (name) => localStorage.removeItem(name);
}

function openStore() {
  try {
    localStorage.setItem("atelier.probe", "1");
    localStorage.removeItem("atelier.probe");
    return new Local();
  } catch {
    return new Memory(); // a browser that keeps nothing: answers then live as long as the page
  }
}

/**
 * Events, each with `detail`: `sent` {entry, answer}, `refused` {entry, error}, `state` (after any change).
 * `state` is "empty", "sending", "offline", "signed-out" or "barred"; `words` is what the site said, if it said something.
 */
export class Outbox extends EventTarget {
  #store = openStore();
  #prefix;
  #timer = 0;
  #tries = 0;
  #busy = false;
  state = "empty";
  words = "";

  /** `owner` is who is logged in: on a shared computer nobody sends another's answers. */
  constructor(owner) {
    super();
    this.#prefix = `atelier.outbox.${owner}.`;
    addEventListener("online", () => this.flush());
    document.addEventListener("visibilitychange", () => document.hidden || this.flush());
  }

  get entries() {
    const names = this.#store.keys().filter((name) => name.startsWith(this.#prefix));
    return names.sort().map((name) => ({ name, ...JSON.parse(this.#store.getItem(name)) }));
  }

  get size() {
    return this.entries.length;
  }

  /** Keeps `{url, body}` (`body.key` is the idempotency key) and starts sending. */
  add(entry) {
    const order = String(Date.now()).padStart(15, "0");
    this.#store.setItem(`${this.#prefix}${order}.${entry.body.key}`, JSON.stringify(entry));
    if (this.state === "empty") this.#become("sending");
    this.flush();
  }

  async flush() {
    if (this.#busy) return;
    this.#busy = true;
    clearTimeout(this.#timer);
    try {
      await this.#alone(() => this.#sendAll());
    } finally {
      this.#busy = false;
    }
  }

  /** One tab sends at a time where the browser can arrange it; where not, the keys keep it harmless. */
  #alone(work) {
    return navigator.locks ? navigator.locks.request(`${this.#prefix}lock`, work) : work();
  }

  async #sendAll() {
    for (let entry = this.entries[0]; entry; entry = this.entries[0]) {
      this.#become("sending");
      const wait = await this.#send(entry);
      if (wait) {
        this.#timer = setTimeout(() => this.flush(), wait);
        return;
      }
    }
    this.#become("empty");
  }

  /** Sends one answer. Returns how long to wait before trying again, or 0 when it is settled. */
  async #send(entry) {
    try {
      const answer = await post(entry.url, entry.body);
      this.#tries = 0;
      this.#store.removeItem(entry.name);
      this.#tell("sent", { entry, answer });
      return 0;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      return this.#failed(entry, error);
    }
  }

  #failed(entry, error) {
    if (error.needsLogin || error.isBarred) {
      this.#become(error.needsLogin ? "signed-out" : "barred", error.message);
      return RETRY_MS.at(-1);
    }
    if (error.code === "too_soon") return Math.max(AT_LEAST_MS, error.waitMs); // answers kept offline come in a heap
    if (error instanceof Unreachable || error.mayPass) {
      this.#become("offline");
      this.#tries += 1;
      return RETRY_MS[Math.min(this.#tries, RETRY_MS.length) - 1];
    }
    this.#store.removeItem(entry.name);
    this.#tell("refused", { entry, error });
    return 0;
  }

  #become(state, words = "") {
    this.state = state;
    this.words = words;
    this.#tell("state", {});
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
