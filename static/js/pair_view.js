/** A painting, a clip and a scale before a person: what the scoring desk and the practice desk have in common. */
import { HEARING_KEYS, SEEING_KEYS, hearing, seeing } from "./deskkeys.js";
import { toggleFullScreen } from "./fullscreen.js";
import { Painting } from "./painting.js";
import { LEAP, STEP, Scale } from "./scale.js";
import { Waveform } from "./waveform.js";

/** The keys of both desks: practice teaches those that work afterwards. */
export const KEYS = {
  ...HEARING_KEYS,
  less: ["ArrowLeft", "ArrowDown"],
  more: ["ArrowRight", "ArrowUp"],
  "much-less": ["PageDown"],
  "much-more": ["PageUp"],
  lowest: ["Home"],
  highest: ["End"],
  tenths: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  submit: ["Enter"],
  previous: ["Backspace", "z"],
  next: ["n"],
  skip: ["s"],
  ...SEEING_KEYS,
  "full-screen": ["f"],
  leave: ["Escape"],
  help: ["?"],
};

/** Event `change` whenever buttons and words may have to follow: the mark, the sound or the trial is another. */
export class PairView extends EventTarget {
  #root;
  #loops = false;
  #sound = {
    toggle: () => this.#withSound((player) => player.toggle()),
    replay: () => this.#withSound((player) => player.replay()),
    loop: () => this.#loop(),
    seekBy: (seconds) => this.#withSound((player) => player.seek(player.position + seconds)),
  };
  trial = null; // what is on the wall

  constructor(root) {
    super();
    this.#root = root;
    this.scale = new Scale(this.#find("scale"));
    this.waveform = new Waveform(this.#find("waveform"));
    this.painting = new Painting(this.#find("wall"));
    this.scale.addEventListener("change", () => {
      this.trial?.moved();
      this.#changed();
    });
    this.painting.addEventListener("change", () => (this.#find("fit").hidden = !this.painting.isZoomed));
    document.addEventListener("visibilitychange", () => document.hidden && this.trial?.hush());
    this.#on("play", this.#sound.toggle);
    this.#on("replay", this.#sound.replay);
    this.#on("loop", this.#sound.loop);
    this.#on("fit", () => this.painting.fit());
  }

  /** Puts a trial on the wall, with the mark where it was, if it was anywhere. */
  hang(trial, { value = null, method = "" } = {}) {
    this.trial?.leave();
    this.trial = trial;
    const player = trial.players.clip;
    this.painting.show(trial.media.painting.image);
    this.waveform.show(trial.media.clip.peaks, player);
    this.scale.reset({ value, method });
    player.loops = this.#loops;
    player.addEventListener("change", this.#changed); // the same listener again where a trial comes back
    player.addEventListener("heard", this.#changed);
    trial.enter();
    this.#changed();
    this.scale.focus();
  }

  clear() {
    this.trial?.leave();
    this.trial = null;
    this.painting.show(null);
    this.waveform.show([], null);
    this.scale.reset();
    this.#changed();
  }

  get isPlaying() {
    return this.trial?.players.clip.isPlaying ?? false;
  }

  /** What the person still has to do before the answer can go, or nothing. */
  get missing() {
    if (!this.trial) return "Nothing to answer yet.";
    if (!this.trial.players.clip.isHeard) return this.isPlaying ? "Listen to the end." : "Play the music to its end.";
    return this.scale.value === null ? "Put your mark on the line." : "";
  }

  /** What the keys do here; a desk adds its own. */
  get actions() {
    return {
      ...hearing(this.#sound),
      less: this.#marking(() => this.scale.nudge(-STEP), { repeats: true }),
      more: this.#marking(() => this.scale.nudge(STEP), { repeats: true }),
      "much-less": this.#marking(() => this.scale.nudge(-LEAP), { repeats: true }),
      "much-more": this.#marking(() => this.scale.nudge(LEAP), { repeats: true }),
      lowest: this.#marking(() => this.scale.jump(0)),
      highest: this.#marking(() => this.scale.jump(1)),
      tenths: this.#marking((digit) => this.scale.jump(Number(digit) / 10)),
      ...seeing(this.painting),
      "full-screen": toggleFullScreen,
    };
  }

  #find(part) {
    return this.#root.querySelector(`[data-part=${part}]`);
  }

  #on(action, run) {
    this.#root.querySelectorAll(`[data-action=${action}]`).forEach((control) => control.addEventListener("click", run));
  }

  #changed = () => {
    const button = this.#find("play");
    button.setAttribute("aria-label", this.isPlaying ? "Pause" : "Play");
    button.classList.toggle("is-playing", this.isPlaying);
    const number = this.#find("number"); // where the campaign shows one
    if (number) number.textContent = this.scale.value === null ? "" : String(Math.round(this.scale.value * 100));
    this.dispatchEvent(new Event("change"));
  };

  #withSound(run) {
    if (this.trial) run(this.trial.players.clip);
  }

  #loop() {
    this.#loops = !this.#loops;
    this.#find("loop").setAttribute("aria-pressed", String(this.#loops));
    this.#withSound((player) => (player.loops = this.#loops));
  }

  #marking(run, { repeats = false } = {}) {
    return { run: (key) => this.trial && !this.scale.isFixed && run(key), repeats, within: this.#find("scale") };
  }
}
