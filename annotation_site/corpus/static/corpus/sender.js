/**
 * Sends files to the site, a few at a time and part by part. A cut is waited out with growing pauses; what has come is
 * never sent twice, because the site says where each file goes on.
 */
import { Refused, Unreachable } from "../js/api.js";
import { ask } from "./wire.js";

const PARALLEL = 3;
const AT_ONCE = 500;
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
const PACE_MS = 10_000;

class Paused extends Error {}

/**
 * Events: `change` (often), `state` (when `state` changed). `state` is "idle", "announcing", "sending", "waiting" (for
 * the network), "signed-out", "paused", "refused" (`words` says why) or "sent".
 * Of the files, `state` becomes "sending", "sent" or "failed" (with `words`); `sent` counts bytes on their way too.
 */
export class Sender extends EventTarget {
  #url;
  #partBytes;
  #stop = new AbortController();
  #wake = () => {};
  #waiting = null;
  #samples = [];
  #cuts = 0;
  files = [];
  key = "";
  state = "idle";
  words = "";
  retryAt = 0;

  constructor({ url, partBytes, key }) {
    super();
    this.#url = url;
    this.#partBytes = partBytes;
    this.key = key;
    addEventListener("online", () => this.#wake());
  }

  get bytes() {
    return this.files.reduce((sum, file) => sum + (file.state === "failed" ? 0 : file.size), 0);
  }

  get bytesSent() {
    return this.files.reduce((sum, file) => sum + (file.state === "failed" ? 0 : file.sent), 0);
  }

  get failed() {
    return this.files.filter((file) => file.state === "failed");
  }

  get isBusy() {
    return ["announcing", "sending", "waiting", "signed-out"].includes(this.state);
  }

  /** Bytes a second of late; 0 while nothing is known. */
  get rate() {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!last || last.at - first.at < 1_000) return 0;
    return Math.max(0, (1000 * (last.bytes - first.bytes)) / (last.at - first.at));
  }

  /** Sends what is not here yet; may be called again after a pause or a refusal. */
  async send(files) {
    this.files = files;
    this.#stop = new AbortController();
    this.#samples = [];
    try {
      this.#become("announcing");
      if (!this.key) this.key = (await this.#try(() => this.#ask("POST", this.#url))).key;
      await this.#announce();
      this.#become("sending");
      await Promise.all(Array.from({ length: PARALLEL }, () => this.#work()));
      this.#become("sent");
    } catch (error) {
      if (error instanceof Paused) this.#become("paused");
      else if (error instanceof Refused) this.#become("refused", error.message);
      else throw error;
    }
  }

  pause() {
    this.#stop.abort();
    this.#wake();
  }

  async #announce() {
    const fresh = this.files.filter((file) => !file.id && file.state !== "failed");
    for (let at = 0; at < fresh.length; at += AT_ONCE) {
      const some = fresh.slice(at, at + AT_ONCE);
      try {
        await this.#announceSome(some);
      } catch (error) {
        if (!(error instanceof Refused && error.status === 400)) throw error;
        for (const file of some) await this.#announceOne(file); // one bad name costs that file only
      }
    }
  }

  async #announceOne(file) {
    try {
      await this.#announceSome([file]);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 400)) throw error;
      this.#fail(file, error.message);
    }
  }

  async #announceSome(files) {
    const wanted = files.map(({ name, size }) => ({ name, size }));
    const known = await this.#try(() => this.#ask("POST", `${this.#url}${this.key}/files/`, { json: wanted }));
    files.forEach((file, index) => {
      file.id = known[index].id;
      this.#received(file, known[index].received);
      if (file.received === file.size) file.state = "sent";
    });
    this.#changed();
  }

  async #work() {
    const next = () => this.files.find((file) => file.state === "waiting");
    for (let file = next(); file; file = next()) {
      file.state = "sending";
      try {
        await this.#sendFile(file);
      } catch (error) {
        if (file.state === "sending") file.state = "waiting";
        file.sent = file.received;
        this.#stop.abort(); // what stops one stops all
        throw error;
      }
    }
  }

  async #sendFile(file) {
    while (file.received < file.size) {
      const part = file.file.slice(file.received, file.received + this.#partBytes);
      const url = `${this.#url}${this.key}/files/${file.id}/?offset=${file.received}`;
      const progress = (bytes) => {
        file.sent = file.received + Math.min(bytes, part.size);
        this.#changed();
      };
      try {
        const { received } = await this.#try(() => this.#ask("PUT", url, { body: part, progress }), part);
        this.#received(file, received);
      } catch (error) {
        if (error instanceof Unreadable) return this.#fail(file, error.message);
        if (error.code !== "wrong_offset") throw error;
        this.#received(file, error.received);
      }
    }
    file.state = "sent";
    this.#changed();
  }

  #received(file, bytes) {
    file.received = bytes;
    file.sent = bytes;
    this.#cuts = 0;
    this.#changed();
  }

  #fail(file, words) {
    Object.assign(file, { state: "failed", words });
    this.#changed();
  }

  /** Asks until there is an answer: waits while the network or the site is away, or nobody is logged in. */
  async #try(request, part) {
    for (;;) {
      if (this.#stop.signal.aborted) throw new Paused();
      try {
        const answer = await request();
        if (this.state === "waiting" || this.state === "signed-out") this.#become("sending");
        return answer;
      } catch (error) {
        if (this.#stop.signal.aborted) throw new Paused();
        const mayPass = error instanceof Unreachable || error.mayPass || error.needsLogin;
        if (!mayPass || error.code === "no_room") throw error;
        if (part && error instanceof Unreachable) await readable(part);
        await this.#wait(error.needsLogin ? "signed-out" : "waiting", error.message);
      }
    }
  }

  /** All that send wait together, and go on together: after the pause, or when the browser is online again. */
  async #wait(state, words) {
    if (!this.#waiting) {
      const pause = PAUSES_MS[Math.min(this.#cuts, PAUSES_MS.length - 1)];
      this.#cuts += 1;
      this.retryAt = Date.now() + pause;
      this.#waiting = new Promise((resolve) => {
        const timer = setTimeout(resolve, pause);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }).finally(() => {
        this.#waiting = null;
      });
      this.#become(state, words);
    }
    await this.#waiting;
  }

  #ask(method, url, options = {}) {
    return ask(method, url, { ...options, signal: this.#stop.signal });
  }

  #changed() {
    const now = Date.now();
    if (now - (this.#samples.at(-1)?.at ?? 0) > 250) this.#samples.push({ at: now, bytes: this.bytesSent });
    while (now - this.#samples[0]?.at > PACE_MS) this.#samples.shift();
    this.dispatchEvent(new Event("change"));
  }

  #become(state, words = "") {
    this.state = state;
    this.words = words;
    this.dispatchEvent(new Event("state"));
  }
}

class Unreadable extends Error {}

/** A file that was moved, changed or unplugged since it was chosen fails like a cut network: this tells them apart. */
async function readable(part) {
  try {
    await part.slice(0, 1).arrayBuffer();
  } catch {
    throw new Unreadable("It cannot be read any more: it was moved or changed since it was chosen. Choose it again.");
  }
}
