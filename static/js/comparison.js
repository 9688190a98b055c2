/** A trial of two candidates: which music is in hand, changing between two at the same second, what was looked at. */
import { Looks } from "./looks.js";
import { Trial } from "./trial.js";

export const SIDES = ["left", "right"];

const BETWEEN_MS = 700; // a breath between one music and the other
const MOST_TOLD = 40; // changes whose moment is told; all are counted

export function otherSide(side) {
  return side === "left" ? "right" : "left";
}

export class Comparison extends Trial {
  #playedFirst = null;
  #switches = 0;
  #moments = [];
  #next = 0;
  #isOn = false;
  inHand; // what play, replay and seeking mean: "query", "left" or "right"
  layout = ""; // how the paintings hung last

  constructor(lease, media, options) {
    super(lease, media, options);
    const drawn = lease.candidates.findIndex(({ choice }) => choice === lease.first);
    this.inHand = this.players.query ? "query" : SIDES[drawn];
    this.looks = new Looks(Object.keys(media).filter((place) => media[place].image));
    for (const side of SIDES) this.#attend(side);
  }

  get hasTwoClips() {
    return Boolean(this.players.left);
  }

  get player() {
    return this.players[this.inHand];
  }

  enter() {
    super.enter();
    this.#isOn = true;
    this.looks.start();
  }

  leave() {
    this.#isOn = false;
    clearTimeout(this.#next);
    super.leave();
    this.looks.stop();
  }

  /** Takes one music in hand and starts it, or stops it where it plays. */
  toggle(place) {
    clearTimeout(this.#next);
    this.inHand = place;
    return this.player.toggle();
  }

  /** The other music, at the same second. */
  async switchOver() {
    if (!this.hasTwoClips) return;
    clearTimeout(this.#next);
    const from = this.player;
    this.inHand = otherSide(this.inHand);
    this.#switches += 1;
    await this.player.takeOver(from);
    if (this.#moments.length < MOST_TOLD) {
      this.#moments.push([this.activeMs, this.inHand, Math.round(this.player.position * 1000) / 1000]);
    }
  }

  evidence() {
    return {
      ...super.evidence(),
      looks: this.looks.told(),
      layout: this.layout,
      ...(this.hasTwoClips && {
        played_first: this.#playedFirst,
        switches: this.#switches,
        switched: this.#moments, // [active ms, to which, second of the clip]
      }),
    };
  }

  #attend(side) {
    const player = this.players[side];
    player?.addEventListener("change", () => {
      if (player.isPlaying) this.#playedFirst ??= side;
    });
    player?.addEventListener("ended", () => this.#goOn(side));
  }

  /** After one music comes the other, unless the person has heard some of it already or took matters into their hands. */
  #goOn(side) {
    const other = this.players[otherSide(side)];
    clearTimeout(this.#next);
    this.#next = setTimeout(() => {
      if (this.#isOn && !this.playing && !document.hidden && other.plays === 0) this.toggle(otherSide(side));
    }, BETWEEN_MS);
  }
}
