/** Sound: fetched whole, decoded, and played by the audio clock, so that what counts as heard was really played. */
import { Unreachable } from "./api.js";
import { covered, withRange } from "./ranges.js";

const FADE_S = 0.012; // no click when a clip starts or stops
const SLACK_S = 0.1; // a clip counts as heard although the last buffer's end is uncertain
const LOOK_MS = 100;

let shared = null;
let playing = null;
let quietAt = 0; // by the audio clock: when what was stopped last has died away

export function audioContext() {
  shared ??= new AudioContext({ latencyHint: "interactive" });
  return shared;
}

/** Lets sound out. Browsers allow it only after a click or a key. True when it worked. */
export async function unlock() {
  const context = audioContext();
  if (context.state !== "running") {
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 1500))]);
  }
  return context.state === "running";
}

/** The whole clip as an AudioBuffer. Throws with words when it does not come or does not decode. */
export async function fetchSound(url) {
  let bytes;
  try {
    const response = await fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new Error(`The music could not be fetched (${response.status}).`);
    bytes = await response.arrayBuffer();
  } catch (error) {
    if (error instanceof TypeError || error.name === "TimeoutError") throw new Unreachable("The music has not come yet.");
    throw error;
  }
  try {
    return await audioContext().decodeAudioData(bytes);
  } catch {
    throw new Error("The music came, but this browser cannot play it.");
  }
}

/** Three soft notes to set the volume by. Resolves when they have died away. */
export function playTestTone() {
  const context = audioContext();
  const notes = [329.63, 415.3, 493.88];
  const start = context.currentTime + 0.05;
  notes.forEach((frequency, index) => {
    const at = start + index * 0.45;
    const voice = new OscillatorNode(context, { type: "triangle", frequency });
    const level = new GainNode(context, { gain: 0 });
    level.gain.setValueAtTime(0, at);
    level.gain.linearRampToValueAtTime(0.22, at + 0.03);
    level.gain.exponentialRampToValueAtTime(0.0008, at + 1.1);
    voice.connect(level).connect(context.destination);
    voice.start(at);
    voice.stop(at + 1.15);
  });
  return new Promise((resolve) => setTimeout(resolve, 2200));
}

/**
 * Plays one clip, with a gain in dB that the site decides. Events: `change` (plays, pauses, seeks, ends), `ended` (came to
 * its end by itself) and `heard` (once, when `share` of it has been played). Two never sound together: starting one player
 * pauses whichever plays, and waits until that has died away.
 */
export class Player extends EventTarget {
  #buffer;
  #level;
  #needed;
  #source = null;
  #gain = null;
  #startedAt = 0;
  #offset = 0;
  #ranges = [];
  #heard;
  #watch = 0;
  loops = false; // whether it begins again at its end
  plays = 0;
  pauses = 0;
  replays = 0;
  seeks = 0;
  rounds = 0; // how often it began again by itself
  totalPlayed = 0;

  constructor(buffer, { gainDb = 0, share = 1 } = {}) {
    super();
    this.#buffer = buffer;
    this.gainDb = gainDb;
    this.#level = 10 ** (gainDb / 20);
    this.#needed = Math.min(buffer.duration * share, buffer.duration - SLACK_S);
    this.#heard = share <= 0;
  }

  get duration() {
    return this.#buffer.duration;
  }

  get isPlaying() {
    return this.#source !== null;
  }

  get isHeard() {
    return this.#heard;
  }

  get atEnd() {
    return !this.isPlaying && this.#offset >= this.duration;
  }

  /** Seconds into the clip. */
  get position() {
    if (!this.isPlaying) return this.#offset;
    const elapsed = Math.max(0, audioContext().currentTime - this.#startedAt);
    return Math.min(this.duration, this.#offset + elapsed);
  }

  /** What was played so far, as disjoint ranges in seconds. */
  get ranges() {
    return this.isPlaying ? withRange(this.#ranges, this.#offset, this.position) : this.#ranges;
  }

  get playedMs() {
    return Math.round(covered(this.ranges) * 1000);
  }

  async play() {
    if (this.isPlaying || !(await unlock()) || this.isPlaying) return;
    if (playing && playing !== this) playing.pause();
    if (this.#offset >= this.duration) this.#offset = 0;
    this.plays += 1;
    this.#begin();
    this.#tell("change");
  }

  pause() {
    if (!this.isPlaying) return;
    this.pauses += 1;
    this.#halt(this.position);
    this.#tell("change");
  }

  toggle() {
    return this.isPlaying ? this.pause() : this.play();
  }

  /** From the beginning. */
  replay() {
    if (this.isPlaying) this.#halt(this.position);
    if (this.plays > 0) this.replays += 1;
    this.#offset = 0;
    return this.play();
  }

  /**
   * Sounds on from where another player is, at the same second; that one falls silent first. What was silent stays so, but
   * after its end comes the other's beginning.
   */
  async takeOver(other) {
    const second = other.atEnd ? 0 : other.position;
    const sounds = other.isPlaying || other.atEnd;
    if (other.isPlaying) {
      other.#halt(second);
      other.#tell("change");
    }
    this.#offset = second < this.duration ? second : 0;
    if (sounds) await this.play();
    else this.#tell("change");
  }

  /** To another second of the clip, playing on if it plays. */
  seek(second) {
    const wasPlaying = this.isPlaying;
    if (wasPlaying) this.#halt(this.position);
    this.#offset = Math.min(this.duration, Math.max(0, second));
    this.seeks += 1;
    if (wasPlaying && this.#offset < this.duration) this.#begin();
    this.#tell("change");
  }

  #begin() {
    const context = audioContext();
    playing = this;
    this.#source = new AudioBufferSourceNode(context, { buffer: this.#buffer });
    this.#gain = new GainNode(context, { gain: 0 });
    this.#source.connect(this.#gain).connect(context.destination);
    this.#startedAt = Math.max(context.currentTime, quietAt);
    this.#gain.gain.setValueAtTime(0, this.#startedAt);
    this.#gain.gain.linearRampToValueAtTime(this.#level, this.#startedAt + FADE_S);
    this.#source.addEventListener("ended", this.#ended, { once: true });
    context.addEventListener("statechange", this.#interrupted);
    this.#source.start(this.#startedAt, this.#offset);
    this.#watch = setInterval(() => this.#judge(), LOOK_MS);
    performance.mark("atelier:sound-started");
  }

  #ended = () => {
    this.#halt(this.duration);
    if (this.loops) {
      this.rounds += 1;
      this.#offset = 0;
      this.#begin();
    }
    this.#tell("change");
    if (!this.loops) this.#tell("ended");
  };

  #interrupted = () => {
    if (audioContext().state !== "running") this.pause();
  };

  #halt(position) {
    const context = audioContext();
    const source = this.#source;
    clearInterval(this.#watch);
    this.#ranges = withRange(this.#ranges, this.#offset, position);
    this.totalPlayed += Math.max(0, position - this.#offset);
    source.removeEventListener("ended", this.#ended);
    context.removeEventListener("statechange", this.#interrupted);
    this.#gain.gain.cancelScheduledValues(context.currentTime);
    this.#gain.gain.setTargetAtTime(0, context.currentTime, FADE_S / 3);
    source.stop(context.currentTime + FADE_S);
    if (position < this.duration) quietAt = context.currentTime + FADE_S;
    this.#source = null;
    this.#offset = position;
    if (playing === this) playing = null;
    this.#judge();
  }

  #judge() {
    if (this.#heard || covered(this.ranges) < this.#needed) return;
    this.#heard = true;
    this.#tell("heard");
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}
