/** The scoring page: one painting, one clip, one mark on a line. */
import { Answers } from "./answers.js";
import { Desk } from "./desk.js";
import { HEARING_KEYS, SEEING_KEYS, hearing, seeing } from "./deskkeys.js";
import { toggleFullScreen } from "./fullscreen.js";
import { Painting } from "./painting.js";
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
const scaleElement = desk.find("scale");
const waveform = new Waveform(desk.find("waveform"));
const painting = new Painting(desk.find("wall"));
const submitButton = desk.find("submit");
const playButton = desk.find("play");
const loopButton = desk.find("loop");
const number = desk.find("number"); // where the campaign shows one

const answers = new Answers(desk, {
  path: "ratings/",
  hang,
  missing,
  trial: () => trial,
  given: () => ({ value: scale.value, method: scale.method }),
  isSame: (given, other) => given.value === other.value,
  body: (answering, { value, method }) => ({
    value,
    played_ms: answering.playedMs,
    active_ms: answering.activeMs,
    input_method: method,
    evidence: { ...answering.evidence(), moves: scale.moves, scale_px: scale.widthPx },
  }),
  change: (corrected, { value }) => ({ value }),
});

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
  root.classList.toggle("is-correcting", answers.isBack);
  if (!trial) return;
  desk.become(isPlaying ? "playing" : player.isHeard ? "heard" : "ready");
  desk.say(answers.words);
}

/** What the person still has to do before the answer can go, or nothing. */
function missing() {
  if (!trial) return "Nothing to answer yet.";
  const { clip } = trial.players;
  if (!clip.isHeard) return clip.isPlaying ? "Listen to the end." : "Play the music to its end.";
  return scale.value === null ? "Put your mark on the line." : "";
}

/** Escape steps out of whatever is on: the zoom first, then the earlier answers. */
function leave() {
  if (painting.isZoomed) painting.fit();
  else answers.leave();
}

function loop() {
  loops = !loops;
  loopButton.setAttribute("aria-pressed", String(loops));
  withSound((player) => (player.loops = loops));
}

function withSound(run) {
  if (trial) run(trial.players.clip);
}

const sound = {
  toggle: () => withSound((player) => player.toggle()),
  replay: () => withSound((player) => player.replay()),
  loop,
  seekBy: (seconds) => withSound((player) => player.seek(player.position + seconds)),
};

function nudge(by) {
  return { run: () => trial && scale.nudge(by), repeats: true, within: scaleElement };
}

function jump(to) {
  return { run: () => trial && scale.jump(to), within: scaleElement };
}

scale.addEventListener("change", () => {
  trial?.moved();
  refresh();
});
painting.addEventListener("change", () => (desk.find("fit").hidden = !painting.isZoomed));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) trial?.hush();
});
desk.on("play", sound.toggle);
desk.on("replay", sound.replay);
desk.on("loop", loop);
desk.on("fit", () => painting.fit());
desk.on("submit", () => answers.submit());
desk.on("previous", () => answers.previous());
desk.on("next", () => answers.next());
desk.useKeys({
  defaults: {
    ...HEARING_KEYS,
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
    ...SEEING_KEYS,
    "full-screen": ["f"],
    leave: ["Escape"],
    help: ["?"],
  },
  actions: {
    ...hearing(sound),
    less: nudge(-STEP),
    more: nudge(STEP),
    "much-less": nudge(-LEAP),
    "much-more": nudge(LEAP),
    lowest: jump(0),
    highest: jump(1),
    tenths: (digit) => trial && scale.jump(Number(digit) / 10),
    submit: () => answers.submit(),
    previous: () => answers.previous(),
    next: () => answers.next(),
    skip: () => answers.isBack || desk.skip(),
    ...seeing(painting),
    "full-screen": toggleFullScreen,
    leave,
    help: () => desk.help(),
  },
});
desk.start();
