/** The scoring page: one painting, one clip, one mark on a line. */
import { Desk } from "./desk.js";
import { History } from "./history.js";
import { listen } from "./keys.js";
import { LEAP, STEP, Scale } from "./scale.js";
import { Trial } from "./trial.js";
import { Waveform } from "./waveform.js";

const root = document.querySelector("[data-desk=scoring]");
const desk = new Desk(root, {
  itemsOf: ({ painting, clip }) => ({ painting: { kind: "painting", ...painting }, clip: { kind: "clip", ...clip } }),
  show,
  clear,
});
const scale = new Scale(desk.find("scale"));
const waveform = new Waveform(desk.find("waveform"));
const wall = desk.find("wall");
const submitButton = desk.find("submit");
const playButton = desk.find("play");
const previousLabel = desk.find("previous-label");

const history = new History(desk, hang);

let trial = null; // what is on the wall

function show(lease, media) {
  hang(new Trial(lease, media));
  if (!document.hidden) trial.players.clip.play();
}

function clear() {
  trial?.leave();
  trial = null;
  wall.replaceChildren();
  waveform.show([], null);
  scale.reset();
  refresh();
}

/** Puts a trial on the wall, with the mark where it was, if it was anywhere. */
function hang(next, { value = null, method = "" } = {}) {
  trial?.leave();
  trial = next;
  const { painting, clip } = trial.media;
  const player = trial.players.clip;
  wall.replaceChildren(painting.image);
  waveform.show(clip.peaks, player);
  scale.reset({ value, method });
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
  previousLabel.textContent = history.isBack ? "Back" : "Previous";
  root.classList.toggle("is-correcting", history.isBack);
  if (!trial) return;
  desk.become(isPlaying ? "playing" : player.isHeard ? "heard" : "ready");
  desk.say(history.isBack ? "You are correcting an earlier answer." : missing() || "Submit when you are sure.");
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
    history.remember(trial, { value, key, method });
    desk.notice("Corrected.");
  }
  history.forth();
}

function previous() {
  history.toggle(trial, { value: scale.value, method: scale.method });
}

function withSound(run) {
  if (trial) run(trial.players.clip);
}

function nudge(by) {
  if (trial) scale.nudge(by);
}

scale.addEventListener("change", () => {
  trial?.moved();
  refresh();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) trial?.hush();
});
desk.on("play", () => withSound((player) => player.toggle()));
desk.on("replay", () => withSound((player) => player.replay()));
desk.on("submit", submit);
desk.on("previous", previous);
listen({
  " ": () => withSound((player) => player.toggle()),
  r: () => withSound((player) => player.replay()),
  ArrowLeft: { run: () => nudge(-STEP), repeats: true },
  ArrowDown: { run: () => nudge(-STEP), repeats: true },
  ArrowRight: { run: () => nudge(STEP), repeats: true },
  ArrowUp: { run: () => nudge(STEP), repeats: true },
  PageDown: { run: () => nudge(-LEAP), repeats: true },
  PageUp: { run: () => nudge(LEAP), repeats: true },
  Home: () => trial && scale.jump(0),
  End: () => trial && scale.jump(1),
  Enter: submit,
  Backspace: previous,
  Escape: () => history.isBack && previous(),
  s: () => history.isBack || desk.skip(),
  "?": () => desk.help(),
});
desk.start();
