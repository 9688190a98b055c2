/**
 * A write-ahead queue of answers. An answer is kept in this browser before it is sent and is taken out only when the site
 * has acknowledged it, so neither a lost network nor a closed tab loses one. Each carries its own key: sent twice, it is
 * the same answer. One localStorage item an answer, so that two tabs cannot overwrite each other's.
 */
import { Refused, Unreachable, post, whoIsLoggedIn } from "./api.js";

const RETRY_MS = [2_000, 4_000, 8_000, 15_000, 30_000];
const AT_LEAST_MS = 500;
const NO_RATER = "not_a_rater";
const STRANGE = ["lease_unknown", "cannot_correct", NO_RATER];

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
 * `state` is "empty", "sending", "offline", "signed-out", "another" (somebody else is logged in), "stale" (the page's
 * secret is) or "barred"; `words` is what the site said, if it said something.
 */
export class Outbox extends EventTarget {
  #store = openStore();
  #owner;
  #prefix;
  #timer = 0;
  #tries = 0;
  #busy = false;
  state = "empty";
  words = "";

  /** `owner` is who is logged in: on a shared computer nobody sends another's answers. */
  constructor(owner) {
    super();
    this.#owner = owner;
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

  /** The leases whose answers wait here, from whichever tab: they are not to be given back. */
  get tokens() {
    return new Set(this.entries.map(({ body }) => body.token).filter(Boolean));
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

  async #failed(entry, error) {
    const stuck = await this.#stuck(error);
    if (stuck) {
      this.#become(stuck, error.message);
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

  /** The state in which answers wait for a person to act, or "". */
  async #stuck(error) {
    if (error.needsLogin) return "signed-out";
    if (error.isStale) return "stale";
    if (error.isBarred && error.code !== NO_RATER) return "barred";
    if (!STRANGE.includes(error.code)) return "";
    // Not one's lease, or no rater's: perhaps somebody else has logged in meanwhile, on the same computer.
    try {
      if ((await whoIsLoggedIn()) !== this.#owner) return "another";
    } catch (trouble) {
      return trouble.needsLogin ? "signed-out" : "offline";
    }
    return error.isBarred ? "barred" : "";
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
