/** Plays clips in place, one at a time: [data-player] holds a button, a waveform and its files in data-sources. */

const JUMP_S = 3;
const audio = new Audio();
audio.preload = "auto";
let current = null;

class Player {
  constructor(root) {
    this.root = root;
    this.sources = JSON.parse(root.dataset.sources);
    this.length = Number(root.dataset.length);
    this.clip = this.length / Math.max(1, this.sources.length);
    this.start = Number(root.dataset.start);
    this.group = root.dataset.group ?? "";
    this.position = this.start;
    this.part = -1;
    this.button = root.querySelector("button");
    this.name = this.button.getAttribute("aria-label").replace(/^Play /, "");
    this.button.addEventListener("click", () => this.toggle());
    this.button.addEventListener("keydown", (event) => this.key(event));
    const wave = root.querySelector("[data-wave]");
    wave.addEventListener("click", (event) => this.seek(((event.clientX - wave.getBoundingClientRect().left) / wave.clientWidth) * this.length));
    this.show();
  }

  get isPlaying() {
    return current === this && !audio.paused;
  }

  toggle() {
    if (this.isPlaying) audio.pause();
    else this.play();
  }

  play() {
    if (current && current !== this) {
      const other = current;
      if (this.group && other.group === this.group) {
        this.position = this.clamp(this.start + other.position - other.start); // the same place of the music
      }
      audio.pause();
      current = null;
      other.show();
    }
    if (this.position >= this.length - 0.05) this.position = this.start;
    this.load();
  }

  /** The file that the position lies in, from there on. */
  load() {
    const part = Math.min(this.sources.length - 1, Math.floor(this.position / this.clip));
    const within = this.position - part * this.clip;
    if (current !== this || this.part !== part) {
      current = this;
      this.part = part;
      audio.src = this.sources[part];
    }
    audio.currentTime = within;
    audio.play().catch((error) => {
      if (error.name !== "AbortError") this.fail();
    });
  }

  seek(seconds) {
    this.position = this.clamp(seconds);
    if (this.isPlaying) this.load();
    else {
      if (current === this) this.part = -1;
      this.play();
    }
  }

  clamp(seconds) {
    return Math.min(Math.max(0, seconds), Math.max(0, this.length - 0.1));
  }

  key(event) {
    const step = { ArrowLeft: -JUMP_S, ArrowRight: JUMP_S }[event.key];
    if (!step) return;
    event.preventDefault();
    this.seek(this.position + step);
  }

  follow() {
    this.position = this.part * this.clip + audio.currentTime;
    this.show();
  }

  ended() {
    if (this.part < this.sources.length - 1) {
      this.position = (this.part + 1) * this.clip;
      this.load();
    } else {
      this.position = this.start;
      this.part = -1;
      current = null;
      this.show();
    }
  }

  fail() {
    this.root.dataset.state = "failed";
    this.root.querySelector("[data-clock]").textContent = "cannot be played";
    if (current === this) current = null;
  }

  show() {
    const isOn = this.isPlaying;
    this.root.dataset.state = isOn ? "playing" : "still";
    this.button.setAttribute("aria-pressed", String(isOn));
    this.button.setAttribute("aria-label", `${isOn ? "Pause" : "Play"} ${this.name}`);
    this.button.firstElementChild.textContent = isOn ? "pause" : "play_arrow";
    const share = this.length ? this.position / this.length : 0;
    this.root.style.setProperty("--played", `${(100 * share).toFixed(2)}%`);
    this.root.querySelector("[data-clock]").textContent = clock(isOn || share > 0 ? this.position : this.length);
  }
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

for (const event of ["timeupdate", "play", "playing", "seeked"]) audio.addEventListener(event, () => current?.follow());
audio.addEventListener("pause", () => current?.show());
audio.addEventListener("ended", () => current?.ended());
audio.addEventListener("error", () => current?.fail());

/** Players that came into the page later are told of by htmx, or by a page's own script: `atelier:added`. */
function begin() {
  for (const root of document.querySelectorAll("[data-player]:not([data-state])")) new Player(root);
}

document.addEventListener("atelier:added", begin);
document.addEventListener("htmx:load", begin);
begin();
