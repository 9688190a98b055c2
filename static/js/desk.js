/**
 * The desk at which people judge, whatever the task: brings the next task with its media ready, hands answers to the
 * outbox, and says in words where things stand. The page gives `itemsOf`, `show` and `clear`; see score.js, prefer.js.
 */
import { Refused, Unreachable, newKey } from "./api.js";
import { Breaks } from "./breaks.js";
import { askWhy, closeByBackdrop, openHelp } from "./dialogs.js";
import { fullScreenButtons } from "./fullscreen.js";
import { Keymap } from "./keymap.js";
import { listen } from "./keys.js";
import { KeySheet } from "./keysheet.js";
import { HELD, Leases } from "./leases.js";
import { tellNetwork } from "./network.js";
import { Outbox } from "./outbox.js";
import { Shelf } from "./prefetch.js";
import { soundCheck } from "./soundcheck.js";

export class Desk {
  #root;
  #show;
  #clear;
  #shelf;
  #outbox;
  #leases;
  #breaks;
  #calling = false;

  /** `show(lease, media)` puts a task before the person, `clear()` takes it away. */
  constructor(root, { itemsOf, show, clear }) {
    this.#root = root;
    this.#show = show;
    this.#clear = clear;
    const { api, campaign, owner, heardShare } = root.dataset;
    this.api = api;
    this.heardShare = Number(heardShare);
    this.#shelf = new Shelf(itemsOf);
    this.#leases = new Leases({ api, campaign });
    this.#outbox = new Outbox(owner);
    this.#breaks = new Breaks(this.find("break"), () => Number(root.dataset.breakMinutes));
    this.#listen();
  }

  get root() {
    return this.#root;
  }

  find(part) {
    return this.#root.querySelector(`[data-part=${part}]`);
  }

  on(action, run) {
    this.#root.querySelectorAll(`[data-action=${action}]`).forEach((control) => control.addEventListener("click", run));
  }

  /** Sets the keys of the page up, with the sheet that explains and changes them. See `listen` for `actions`. */
  useKeys({ defaults, actions }) {
    const { desk, owner } = this.#root.dataset;
    const keymap = new Keymap({ desk, owner, defaults });
    new KeySheet(this.find("help"), keymap);
    listen(keymap, actions);
  }

  /** True while a task is held, whether its media have come or not. */
  get isBringing() {
    return this.#leases.current !== null;
  }

  async start() {
    const first = this.#sendThenRefill().catch((error) => this.#trouble(error));
    this.become("sound");
    await soundCheck(this.find("sound"));
    await first;
    if (this.#root.dataset.state === "sound") await this.next();
  }

  /** loading, ready, playing, heard, waiting, done or trouble: for style sheets and tests. */
  become(state) {
    this.#root.dataset.state = state;
    for (const cover of ["done", "trouble"]) this.find(cover).hidden = state !== cover;
  }

  say(words) {
    const line = this.find("prompt");
    if (line.textContent !== words) line.textContent = words;
  }

  /** The same, for someone who tried to go on too early. */
  insist(words) {
    const line = this.find("prompt");
    this.say(words);
    line.classList.add("is-insisting");
    setTimeout(() => line.classList.remove("is-insisting"), 700);
  }

  notice(words) {
    const line = this.find("notice");
    line.textContent = words;
    line.hidden = !words;
  }

  /** Brings the next task, or says why there is none. */
  async next() {
    performance.mark("atelier:next-asked");
    this.#breaks.remind();
    this.#clear();
    const lease = this.#leases.advance();
    if (lease) await this.#bring(lease);
    else if (this.#outbox.size > 0) this.#wait();
    else if (this.#leases.noneBecause) this.#done();
    else await this.#fetchMore();
  }

  /** Keeps an answer, sends it in the background, and goes on. Returns the answer's key. */
  answer(path, body) {
    const { token } = this.#leases.current;
    const key = newKey();
    this.notice("");
    this.#leases.finish();
    this.#shelf.drop({ token });
    this.#put({ url: this.api + path, body: { token, key, ...body, count: HELD } });
    this.next();
    return key;
  }

  /** Keeps a correction of an answer; that one may itself still be on its way, and goes first. Returns the new key. */
  correct(path, body) {
    const key = newKey();
    this.#put({ url: this.api + path, body: { key, ...body } });
    return key;
  }

  async skip() {
    if (!this.#leases.current) return;
    const why = await askWhy(this.find("skip"));
    if (!why) return;
    try {
      await this.#leases.skip(why);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      this.notice(error instanceof Unreachable ? "You seem to be offline: skipping needs the site. Try again in a moment." : error.message);
      return;
    }
    this.notice("Skipped. You will not see that one again.");
    await this.next();
  }

  help() {
    openHelp(this.find("help"));
  }

  #put(entry) {
    const { campaign } = this.#root.dataset;
    this.#outbox.add({ ...entry, campaign });
  }

  #listen() {
    this.#leases.addEventListener("answer", () => this.#news());
    this.#leases.addEventListener("lost", ({ detail }) => this.#lost(detail));
    this.#outbox.addEventListener("sent", ({ detail }) => this.#sent(detail));
    this.#outbox.addEventListener("refused", ({ detail }) => this.#refused(detail));
    this.#outbox.addEventListener("state", () => this.#sentAll());
    tellNetwork(this, this.#outbox);
    fullScreenButtons(this.#root.querySelectorAll("[data-action=full-screen]"));
    this.on("help", () => this.help());
    this.on("skip", () => this.skip());
    this.on("retry", () => this.#retry());
    this.on("look-again", () => this.#lookAgain());
    for (const dialog of [this.find("help"), this.find("skip")]) closeByBackdrop(dialog);
    this.#root.addEventListener("click", (event) => this.#handBack(event));
    this.on("reload", () => location.reload());
    addEventListener("pagehide", () => this.#leases.release(this.#outbox.tokens));
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload()); // what was kept may be stale
  }

  /** A button pressed by mouse or finger does not keep the keyboard: Enter and Space go on meaning submit and play. */
  #handBack(event) {
    if (event.detail > 0 && event.target.closest("button") && !document.querySelector("dialog[open]")) {
      this.#root.focus({ preventScroll: true });
    }
  }

  async #bring(lease) {
    this.become("loading");
    this.say("Bringing the next one …");
    try {
      const media = await this.#shelf.media(lease);
      if (this.#leases.current !== lease) return; // skipped or lost meanwhile
      this.#show(lease, media);
      performance.mark("atelier:next-shown");
      requestAnimationFrame(() => setTimeout(() => performance.mark("atelier:next-painted")));
    } catch (error) {
      if (this.#leases.current === lease) this.#trouble(error);
    }
    this.#prefetch();
  }

  #prefetch() {
    const { coming } = this.#leases;
    const tell = () => (this.#root.dataset.ahead = String(this.#shelf.ready(this.#leases.coming)));
    for (const lease of coming) this.#shelf.media(lease).then(tell, () => {}); // trouble is told when its turn comes
    tell();
  }

  /** What an earlier page left goes first: what the site says of progress then counts it. */
  async #sendThenRefill() {
    await this.#outbox.flush();
    await this.#refill();
  }

  async #refill() {
    this.#calling = true;
    try {
      await this.#leases.refill();
    } finally {
      this.#calling = false;
    }
  }

  async #fetchMore() {
    if (this.#calling) return;
    this.become("loading");
    this.say("Bringing the next one …");
    try {
      await this.#refill();
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** News of leases: show progress, fetch media, and go on if the person is waiting. */
  #news() {
    const { progress } = this.#leases;
    if (progress) {
      this.find("session").textContent = String(progress.session);
      this.find("mine").textContent = String(progress.mine);
    }
    this.#prefetch();
    const idle = this.#leases.current === null && ["loading", "waiting", "done"].includes(this.#root.dataset.state);
    if (idle && (this.#leases.coming.length > 0 || this.#leases.noneBecause)) this.next();
  }

  #wait() {
    this.become("waiting");
    this.say("The next one comes when your answers have been sent.");
  }

  #done() {
    this.become("done");
    this.find("none-because").textContent = this.#leases.noneBecause;
  }

  #trouble(error) {
    if (!(error instanceof Error)) throw error;
    this.become("trouble");
    this.find("trouble-words").textContent = error.message;
    this.find("trouble-skip").hidden = this.#leases.current === null;
  }

  async #retry() {
    const { current } = this.#leases;
    if (current) await this.#bring(current);
    else await this.#fetchMore();
  }

  async #lookAgain() {
    await this.#fetchMore();
  }

  #lost({ token }) {
    if (this.#leases.current?.token !== token) return;
    this.notice("You were away for a while, so your hold on this one has run out. You may still answer: it counts unless its last place was taken.");
  }

  #sent({ entry, answer }) {
    const judged = answer.rating ?? answer.vote;
    if (judged?.state === "surplus") {
      this.notice("While you were away, others completed that one. Your answer is kept with thanks, but it does not count.");
    }
    if (answer.leases && entry.campaign === this.#root.dataset.campaign && entry.url.startsWith(this.api)) {
      this.#leases.take(answer);
    }
  }

  /** A correction's answer brings no leases, so whoever waits for it has to go on from here. */
  #sentAll() {
    if (this.#outbox.state === "empty" && this.#root.dataset.state === "waiting") this.next();
  }

  #refused({ error }) {
    this.notice(`One answer was not taken: ${error.message}`);
    if (this.#leases.current === null) this.next();
  }
}
