/** What the model said: the music with its position on the curve, and the maps laid over the painting. */
import { Track } from "./judge_player.js";

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
if (player) new Track(player);
const wall = document.querySelector(".judge-wall");
if (wall?.querySelector("[data-part=depth]")) new Layers(wall);
