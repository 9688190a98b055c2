/** One task before a person: its lease, its media, its sound and what they did with it. */
import { Player, audioContext } from "./audio.js";
import { Stopwatch } from "./stopwatch.js";

export class Trial {
  #watch = new Stopwatch();
  #firstMoveMs = null;

  /** `share`: how much of each clip has to be played to count as heard. */
  constructor(lease, media, { share = 1 } = {}) {
    this.lease = lease;
    this.media = media;
    this.players = Object.fromEntries(
      Object.entries(media)
        .filter(([, { buffer }]) => buffer)
        .map(([name, { buffer, gainDb }]) => [name, new Player(buffer, { gainDb, share })]),
    );
  }

  /** True when every clip has been heard to its end. */
  get isHeard() {
    return Object.values(this.players).every((player) => player.isHeard);
  }

  get playing() {
    return Object.values(this.players).find((player) => player.isPlaying) ?? null;
  }

  get activeMs() {
    return this.#watch.active;
  }

  get playedMs() {
    return Object.values(this.players).reduce((sum, player) => sum + player.playedMs, 0);
  }

  enter() {
    this.#watch.start();
  }

  leave() {
    this.hush();
    this.#watch.stop();
  }

  hush() {
    this.playing?.pause();
  }

  /** Notes when the person first committed to anything. */
  moved() {
    this.#firstMoveMs ??= this.activeMs;
  }

  /** What really happened, to be kept beside the answer. Times in milliseconds, ranges in seconds of the clip. */
  evidence() {
    return {
      clips: Object.fromEntries(Object.entries(this.players).map(([name, player]) => [name, listening(player)])),
      first_move_ms: this.#firstMoveMs,
      hidden_ms: this.#watch.hidden,
      idle_ms: this.#watch.idle,
      output_latency_ms: Math.round((audioContext().outputLatency || 0) * 1000),
      viewport_px: [innerWidth, innerHeight],
    };
  }
}

function listening(player) {
  return {
    ranges: player.ranges.map(([from, to]) => [round(from), round(to)]),
    duration_s: round(player.duration),
    played_ms: player.playedMs,
    total_ms: Math.round(player.totalPlayed * 1000),
    plays: player.plays,
    pauses: player.pauses,
    replays: player.replays,
    seeks: player.seeks,
    rounds: player.rounds,
    gain_db: player.gainDb,
  };
}

function round(seconds) {
  return Math.round(seconds * 1000) / 1000;
}
