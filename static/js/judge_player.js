/** Plays the windows of a piece one after the other; its position is a line on the curve and the slider over it. */
import { fetchSound, Player } from "./audio.js";

const WINDOW_S = 15;

export class Track {
  #sounds = new Map(); // by window: the promise of its decoded sound; the one that plays and the next
  #player = null;
  #window = -1;
  #position;
  #wanted = 0; // counts what was asked for: an answer to something older is dropped
  #frame = 0;

  constructor(root) {
    this.root = root;
    this.sources = JSON.parse(root.dataset.sources);
    this.starts = JSON.parse(root.dataset.starts);
    this.stop = Number(root.dataset.stop);
    this.#position = this.starts[0];
    this.button = this.part("play");
    this.seeker = this.part("seek");
    this.button.addEventListener("click", () => (this.isOn ? this.pause() : this.play()));
    this.seeker.addEventListener("input", () => this.seek(Number(this.seeker.value)));
    this.isOn = false;
    this.show();
  }

  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  get position() {
    return this.#player?.isPlaying ? this.starts[this.#window] + this.#player.position : this.#position;
  }

  /** From where it stands; from the beginning when it has come to the end. */
  async play() {
    this.isOn = true;
    const wanted = (this.#wanted += 1);
    if (this.#position >= this.stop - 0.05) this.#position = this.starts[0];
    const window = this.#windowAt(this.#position);
    this.#position = Math.max(this.#position, this.starts[window]); // silent windows are passed over
    this.show();
    try {
      const sound = await this.#sound(window);
      if (wanted !== this.#wanted) return;
      this.#player = new Player(sound);
      this.#window = window;
      this.#player.addEventListener("ended", () => this.#next());
      this.#player.seek(this.#position - this.starts[window]);
      await this.#player.play();
      if (wanted === this.#wanted) this.#keep(window);
      this.#follow();
    } catch (error) {
      this.#fail(error);
    }
  }

  pause() {
    this.isOn = false;
    this.#halt();
    this.show();
  }

  seek(seconds) {
    const wasOn = this.isOn;
    this.#halt();
    this.#position = Math.min(Math.max(seconds, this.starts[0]), this.stop);
    if (wasOn) this.play();
    else this.show();
  }

  /** Stops what sounds and remembers where. */
  #halt() {
    this.#wanted += 1;
    this.#position = this.position;
    this.#player?.pause();
    this.#player = null;
  }

  #next() {
    this.#player = null;
    const last = this.#window === this.starts.length - 1;
    this.#position = last ? this.stop : this.starts[this.#window + 1];
    if (!last) {
      this.play();
      return;
    }
    this.isOn = false;
    this.show();
  }

  #windowAt(second) {
    const found = this.starts.findIndex((start) => second < start + WINDOW_S);
    return found < 0 ? this.starts.length - 1 : found;
  }

  #sound(window) {
    if (!this.#sounds.has(window)) {
      const sound = fetchSound(this.sources[window]);
      sound.catch(() => this.#sounds.delete(window)); // the next press tries again
      this.#sounds.set(window, sound);
    }
    return this.#sounds.get(window);
  }

  /** Two windows in memory, no more. */
  #keep(window) {
    for (const other of [...this.#sounds.keys()]) if (other !== window && other !== window + 1) this.#sounds.delete(other);
    if (window + 1 < this.sources.length) this.#sound(window + 1);
  }

  #follow = () => {
    cancelAnimationFrame(this.#frame);
    this.show();
    if (this.#player?.isPlaying) this.#frame = requestAnimationFrame(this.#follow);
  };

  #fail(error) {
    this.pause();
    this.root.dataset.state = "failed";
    this.part("clock").textContent = error.message;
  }

  show() {
    const [first] = this.starts;
    const at = this.position;
    this.root.dataset.state = this.isOn ? "playing" : "still";
    this.button.setAttribute("aria-pressed", String(this.isOn));
    this.button.setAttribute("aria-label", this.isOn ? "Pause" : "Play");
    this.seeker.value = String(at);
    this.seeker.setAttribute("aria-valuetext", clock(at));
    const now = this.part("now");
    now.hidden = at <= first && !this.isOn;
    now.style.insetInlineStart = `${(100 * (at - first)) / (this.stop - first)}%`;
    this.part("clock").textContent = now.hidden ? "" : clock(at);
  }
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
