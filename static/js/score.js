/** The scoring page: one painting, one clip, one mark on a line. */
import { Desk } from "./desk.js";
import { toggleFullScreen } from "./fullscreen.js";
import { History } from "./history.js";
import { Painting } from "./painting.js";
import { LEAP, STEP, Scale } from "./scale.js";
import { Trial } from "./trial.js";
import { Waveform } from "./waveform.js";

const SEEK_S = 2;

const root = document.querySelector("[data-desk=scoring]");
const desk = new Desk(root, {
  itemsOf: ({ painting, clip }) => ({ painting: { kind: "painting", ...painting }, clip: { kind: "clip", ...clip } }),
  show,
  clear,
});
const scale = new Scale(desk.find("scale"));
const scaleElement = desk.find("scale");
const waveform = new Waveform(desk.find("waveform"));
const painting = new Painting(desk.find("wall"));
const submitButton = desk.find("submit");
const playButton = desk.find("play");
const loopButton = desk.find("loop");
const number = desk.find("number"); // where the campaign shows one

const history = new History(desk, hang);

let trial = null; // what is on the wall
let loops = false;

function show(lease, media) {
  hang(new Trial(lease, media, { share: desk.heardShare }));
  if (!document.hidden) trial.players.clip.play();
}

function clear() {
  trial?.leave();
  trial = null;
  painting.show(null);
  waveform.show([], null);
  scale.reset();
  refresh();
}

/** Puts a trial on the wall, with the mark where it was, if it was anywhere. */
function hang(next, { value = null, method = "" } = {}) {
  trial?.leave();
  trial = next;
  const { painting: hung, clip } = trial.media;
  const player = trial.players.clip;
  painting.show(hung.image);
  waveform.show(clip.peaks, player);
  scale.reset({ value, method });
  player.loops = loops;
  player.addEventListener("change", refresh);
  player.addEventListener("heard", refresh);
  trial.enter();
  refresh();
  scale.focus();
}

/** Makes buttons, words and state agree with what is true now. */
function refresh() {
  const player = trial?.players.clip;
  const isPlaying = player?.isPlaying ?? false;
  playButton.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
  playButton.classList.toggle("is-playing", isPlaying);
  submitButton.setAttribute("aria-disabled", String(missing() !== ""));
  if (number) number.textContent = scale.value === null ? "" : String(Math.round(scale.value * 100));
  root.classList.toggle("is-correcting", history.isBack);
  if (!trial) return;
  desk.become(isPlaying ? "playing" : player.isHeard ? "heard" : "ready");
  desk.say(history.isBack ? history.words : missing() || "Submit when you are sure.");
}

/** What the person still has to do before the answer can go, or nothing. */
function missing() {
  if (!trial) return "Nothing to answer yet.";
  const { clip } = trial.players;
  if (!clip.isHeard) return clip.isPlaying ? "Listen to the end." : "Play the music to its end.";
  return scale.value === null ? "Put your mark on the line." : "";
}

function submit() {
  const reason = missing();
  if (reason) {
    desk.insist(reason);
    return;
  }
  if (history.isBack) correct();
  else answer();
}

function answer() {
  performance.mark("atelier:answered");
  const { value, method, moves, widthPx } = scale;
  const answering = trial;
  answering.leave();
  const key = desk.answer("ratings/", {
    value,
    played_ms: answering.playedMs,
    active_ms: answering.activeMs,
    input_method: method,
    evidence: { ...answering.evidence(), moves, scale_px: widthPx },
  });
  history.remember(answering, { value, key, method });
}

function correct() {
  const { value, method } = scale;
  const { value: before, key: corrected } = history.answer;
  if (value !== before) {
    const key = desk.correct(`ratings/${corrected}/correct/`, { value });
    history.corrected({ value, key, method });
    desk.notice("Corrected.");
  }
  history.forth();
}

/** One step through the earlier answers. What was moved there without submitting is not an answer: it says so. */
function walk(step) {
  const isDropped = history.isBack && scale.value !== history.answer.value;
  desk.notice(isDropped ? "You did not submit that change, so the answer stands as it was." : "");
  step();
}

function previous() {
  walk(() => history.back(trial, { value: scale.value, method: scale.method }));
}

function next() {
  if (history.isBack) walk(() => history.ahead());
}

/** Escape steps out of whatever is on: the zoom first, then the earlier answers. */
function leave() {
  if (painting.isZoomed) painting.fit();
  else if (history.isBack) walk(() => history.forth());
}

function loop() {
  loops = !loops;
  loopButton.setAttribute("aria-pressed", String(loops));
  withSound((player) => (player.loops = loops));
}

function withSound(run) {
  if (trial) run(trial.players.clip);
}

function seekBy(seconds) {
  withSound((player) => player.seek(player.position + seconds));
}

function nudge(by) {
  return { run: () => trial && scale.nudge(by), repeats: true, within: scaleElement };
}

function jump(to) {
  return { run: () => trial && scale.jump(to), within: scaleElement };
}

function pan(right, down) {
  return { run: () => painting.pan(right, down), repeats: true };
}

scale.addEventListener("change", () => {
  trial?.moved();
  refresh();
});
painting.addEventListener("change", () => (desk.find("fit").hidden = !painting.isZoomed));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) trial?.hush();
});
desk.on("play", () => withSound((player) => player.toggle()));
desk.on("replay", () => withSound((player) => player.replay()));
desk.on("loop", loop);
desk.on("fit", () => painting.fit());
desk.on("submit", submit);
desk.on("previous", previous);
desk.on("next", next);
desk.useKeys({
  defaults: {
    play: [" "],
    replay: ["r"],
    loop: ["l"],
    rewind: [","],
    forward: ["."],
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
    further: ["-"],
    nearer: ["+", "="],
    fit: ["w"],
    "pan-left": ["Shift+ArrowLeft"],
    "pan-right": ["Shift+ArrowRight"],
    "pan-up": ["Shift+ArrowUp"],
    "pan-down": ["Shift+ArrowDown"],
    "full-screen": ["f"],
    leave: ["Escape"],
    help: ["?"],
  },
  actions: {
    play: () => withSound((player) => player.toggle()),
    replay: () => withSound((player) => player.replay()),
    loop,
    rewind: { run: () => seekBy(-SEEK_S), repeats: true },
    forward: { run: () => seekBy(SEEK_S), repeats: true },
    less: nudge(-STEP),
    more: nudge(STEP),
    "much-less": nudge(-LEAP),
    "much-more": nudge(LEAP),
    lowest: jump(0),
    highest: jump(1),
    tenths: (digit) => trial && scale.jump(Number(digit) / 10),
    submit,
    previous,
    next,
    skip: () => history.isBack || desk.skip(),
    further: { run: () => painting.further(), repeats: true },
    nearer: { run: () => painting.nearer(), repeats: true },
    fit: () => painting.fit(),
    "pan-left": pan(-1, 0),
    "pan-right": pan(1, 0),
    "pan-up": pan(0, -1),
    "pan-down": pan(0, 1),
    "full-screen": toggleFullScreen,
    leave,
    help: () => desk.help(),
  },
});
desk.start();
