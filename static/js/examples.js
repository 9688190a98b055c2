/** Worked examples: each clip plays in place, one at a time. */
import { Player, fetchSound } from "./audio.js";
import { Waveform } from "./waveform.js";

class Example {
  #article;
  #button;
  #loading = null;
  #waveform;
  #peaks;

  constructor(article) {
    const row = article.querySelector("[data-audio]");
    this.#article = article;
    this.#button = row.querySelector("[data-part=play]");
    this.#peaks = row.dataset.peaks.split(" ").map(Number);
    this.#waveform = new Waveform(row.querySelector("[data-part=waveform]"));
    this.#waveform.show(this.#peaks, null);
    this.#button.addEventListener("click", () => this.#toggle(row.dataset.audio));
  }

  async #toggle(url) {
    this.#loading ??= this.#load(url);
    try {
      (await this.#loading).toggle();
      this.#say("");
    } catch (error) {
      this.#loading = null; // the next click tries again
      this.#say(`${error.message} Press play to try again.`);
    }
  }

  async #load(url) {
    const player = new Player(await fetchSound(url));
    const words = this.#button.getAttribute("aria-label");
    this.#waveform.show(this.#peaks, player);
    player.addEventListener("change", () => {
      this.#button.classList.toggle("is-playing", player.isPlaying);
      this.#button.setAttribute("aria-label", player.isPlaying ? words.replace("Play", "Pause") : words);
    });
    return player;
  }

  #say(words) {
    const line = this.#article.querySelector("[data-part=trouble]");
    line.textContent = words;
    line.hidden = !words;
  }
}

document.querySelectorAll(".example").forEach((article) => new Example(article));
