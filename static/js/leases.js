/** The tasks that this person holds: asks for more, keeps them alive, gives them up. Knows nothing of what a task shows. */
import { Refused, Unreachable, post, sendLast } from "./api.js";

export const HELD = 3; // the present task and the two that come after it
const HEARTBEAT_MS = 120_000;
const AWAY_MS = 10 * 60_000;

/** Events: `answer` (after any news from the site) and `lost` {token}. */
export class Leases extends EventTarget {
  #api;
  #campaign;
  #waiting = [];
  #finished = new Set();
  #current = null;
  #lastSign = Date.now();
  progress = null;
  noneBecause = "";

  constructor({ api, campaign }) {
    super();
    this.#api = api;
    this.#campaign = campaign;
    setInterval(() => this.#heartbeat(), HEARTBEAT_MS);
    for (const sign of ["pointerdown", "keydown"]) {
      document.addEventListener(sign, () => this.#seen(), { capture: true, passive: true });
    }
    document.addEventListener("visibilitychange", () => document.hidden || this.#heartbeat());
  }

  get current() {
    return this.#current;
  }

  /** What comes after the present one, so that its media can be fetched. */
  get coming() {
    return [...this.#waiting];
  }

  async refill() {
    this.take(await post(`${this.#api}leases/`, { campaign: this.#campaign, count: HELD }));
  }

  /** Takes in an answer of the site: the leases that this person now holds, oldest first. */
  take({ leases, progress, none_because: noneBecause }) {
    this.#waiting = leases.filter(({ token }) => !this.#finished.has(token) && token !== this.#current?.token);
    this.progress = progress ?? this.progress;
    this.noneBecause = noneBecause || (leases.length === 0 ? "There is nothing for you just now." : "");
    this.dispatchEvent(new Event("answer"));
  }

  /** The next task becomes the current one. Null when none is held. */
  advance() {
    this.#current = this.#waiting.shift() ?? null;
    return this.#current;
  }

  /** The current task was answered or skipped here, whatever the site still believes. */
  finish() {
    if (this.#current) this.#finished.add(this.#current.token);
    this.#current = null;
  }

  async skip({ reason, note }) {
    const { token } = this.#current;
    const answer = await post(`${this.#api}leases/${token}/skip/`, { reason, note, count: HELD });
    this.finish();
    this.take(answer);
  }

  #seen() {
    const wasAway = Date.now() - this.#lastSign > AWAY_MS;
    this.#lastSign = Date.now();
    if (wasAway) this.#heartbeat();
  }

  /** The page is being closed: others can have what is held, but for the leases in `kept`. */
  release(kept) {
    for (const { token } of [this.#current, ...this.#waiting].filter(Boolean)) {
      if (!kept.has(token) && !this.#finished.has(token)) sendLast(`${this.#api}leases/${token}/release/`);
    }
  }

  /** Nobody at the desk: the holds run out, and others can have the tasks. */
  async #heartbeat() {
    if (document.hidden || Date.now() - this.#lastSign > AWAY_MS) return;
    for (const lease of [this.#current, ...this.#waiting].filter(Boolean)) {
      if (!this.#finished.has(lease.token)) await this.#renew(lease);
    }
  }

  async #renew(lease) {
    try {
      const { expires_at: expiresAt } = await post(`${this.#api}leases/${lease.token}/renew/`);
      lease.expires_at = expiresAt;
    } catch (error) {
      if (error instanceof Unreachable) return;
      if (!(error instanceof Refused)) throw error;
      if (error.needsLogin || error.mayPass) return;
      this.#waiting = this.#waiting.filter(({ token }) => token !== lease.token);
      this.dispatchEvent(new CustomEvent("lost", { detail: { token: lease.token } }));
    }
  }
}
