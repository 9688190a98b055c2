/** What the model said: the music with its position on the curve, and the maps laid over the painting. */

const WINDOW_S = 15;

class Player {
  #audio = new Audio();
  #part = -1;
  #position;

  constructor(root) {
    this.root = root;
    this.sources = JSON.parse(root.dataset.sources);
    this.starts = JSON.parse(root.dataset.starts);
    this.stop = Number(root.dataset.stop);
    this.#position = this.starts[0];
    this.button = this.part("play");
    this.seeker = this.part("seek");
    this.button.addEventListener("click", () => (this.isPlaying ? this.#audio.pause() : this.play()));
    this.seeker.addEventListener("input", () => this.seek(Number(this.seeker.value)));
    for (const event of ["timeupdate", "play", "pause", "seeked"]) this.#audio.addEventListener(event, () => this.follow());
    this.#audio.addEventListener("ended", () => this.next());
    this.#audio.addEventListener("error", () => this.fail());
    this.show();
  }

  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  get isPlaying() {
    return this.#part >= 0 && !this.#audio.paused;
  }

  /** From where it stands; from the beginning when it has come to the end. */
  play() {
    if (this.#position >= this.stop - 0.05) this.#position = this.starts[0];
    this.load();
    this.#audio.play().catch((error) => {
      if (error.name !== "AbortError") this.fail();
    });
  }

  /** The window that the position lies in, or the next one where it lies in silence. */
  load() {
    let part = this.starts.findIndex((start) => this.#position < start + WINDOW_S);
    if (part < 0) part = this.starts.length - 1;
    this.#position = Math.max(this.#position, this.starts[part]);
    if (this.#part !== part) {
      this.#part = part;
      this.#audio.src = this.sources[part];
    }
    this.#audio.currentTime = Math.min(this.#position - this.starts[part], WINDOW_S - 0.05);
  }

  seek(seconds) {
    const wasPlaying = this.isPlaying;
    this.#position = Math.min(Math.max(seconds, this.starts[0]), this.stop - 0.1);
    if (wasPlaying) this.play();
    else this.#part = -1;
    this.show();
  }

  next() {
    if (this.#part < this.starts.length - 1) {
      this.#position = this.starts[this.#part + 1];
      this.play();
    } else {
      this.#position = this.stop;
      this.#part = -1;
      this.show();
    }
  }

  follow() {
    if (this.#part >= 0) this.#position = this.starts[this.#part] + this.#audio.currentTime;
    this.show();
  }

  fail() {
    this.root.dataset.state = "failed";
    this.part("clock").textContent = "This cannot be played here.";
  }

  show() {
    const first = this.starts[0];
    this.root.dataset.state = this.isPlaying ? "playing" : "still";
    this.button.setAttribute("aria-pressed", String(this.isPlaying));
    this.button.setAttribute("aria-label", this.isPlaying ? "Pause" : "Play");
    this.seeker.value = String(this.#position);
    this.seeker.setAttribute("aria-valuetext", clock(this.#position));
    const now = this.part("now");
    now.hidden = this.#position <= first && !this.isPlaying;
    now.style.insetInlineStart = `${(100 * (this.#position - first)) / (this.stop - first)}%`;
    this.part("clock").textContent = now.hidden ? "" : clock(this.#position);
  }
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

/** A slider goes through the layers, another makes their maps stronger or weaker; the small pictures are buttons. */
class Layers {
  constructor(wall) {
    this.layer = wall.querySelector(".judge-canvas [data-part=layer]");
    this.depth = wall.querySelector("[data-part=depth]");
    this.strength = wall.querySelector("[data-part=strength]");
    this.words = wall.querySelector("[data-part=layer-words]");
    this.plain = this.words.textContent.trim();
    this.buttons = [...wall.querySelectorAll("[data-layer]")];
    this.depth.addEventListener("input", () => this.show());
    this.strength.addEventListener("input", () => this.show());
    for (const button of this.buttons) {
      button.addEventListener("click", () => {
        this.depth.value = this.depth.value === button.dataset.layer ? "0" : button.dataset.layer;
        this.show();
      });
    }
    this.show();
  }

  show() {
    const number = Number(this.depth.value);
    const button = this.buttons[number - 1];
    for (const each of this.buttons) each.setAttribute("aria-pressed", String(each === button));
    this.layer.hidden = !button;
    this.depth.setAttribute("aria-valuetext", button ? `layer ${number}` : "the painting alone");
    this.words.textContent = button ? `Layer ${number} of ${this.buttons.length}: on average ${button.dataset.mean}` : this.plain;
    if (!button) return;
    this.layer.src = button.querySelector(".layer").src;
    this.layer.style.opacity = String(Number(this.strength.value) / 100);
  }
}

const player = document.querySelector("[data-part=player]");
if (player) new Player(player);
const wall = document.querySelector(".judge-wall");
if (wall?.querySelector("[data-part=depth]")) new Layers(wall);
