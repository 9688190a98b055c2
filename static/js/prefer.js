/** The preference page: one query, two candidates, one of them goes better with it. Two clips never play at once. */
import { Desk } from "./desk.js";
import { History } from "./history.js";
import { Trial } from "./trial.js";
import { Waveform } from "./waveform.js";

const BETWEEN_MS = 700; // a breath between the first candidate and the second
const SEEK_S = 2;

const root = document.querySelector("[data-desk=preferences]");
const desk = new Desk(root, { itemsOf, show, clear });
const submitButton = desk.find("submit");
const places = ["query", "left", "right"];
const rows = Object.fromEntries(places.map((place) => [place, root.querySelector(`[data-clip=${place}]`)]));
const frames = Object.fromEntries(places.map((place) => [place, root.querySelector(`[data-frame=${place}]`)]));
const choices = Object.fromEntries(["left", "right"].map((side) => [side, root.querySelector(`[data-choose=${side}]`)]));
const waveforms = Object.fromEntries(places.map((place) => [place, new Waveform(rows[place].querySelector("canvas"))]));

const history = new History(desk, hang);

let trial = null;
let chosen = null; // "left" or "right"
let changes = 0;
let inHand = "query"; // the clip that Space and R mean

function itemsOf({ query, candidates: [left, right] }) {
  return { query, left: left.item, right: right.item };
}

function show(lease, media) {
  hang(new Trial(lease, media, { share: desk.heardShare }));
  if (!document.hidden) trial.players[inHand].play();
}

/** Puts a trial before the person, with the choice that it had, if any. */
function hang(next, { side = null } = {}) {
  trial?.leave();
  trial = next;
  chosen = side;
  changes = 0;
  inHand = trial.media.query.buffer ? "query" : "left";
  root.dataset.direction = trial.lease.direction;
  places.forEach(fill);
  trial.enter();
  refresh();
  root.focus({ preventScroll: true });
}

function fill(place) {
  const { image, peaks } = trial.media[place];
  const player = trial.players[place];
  frames[place].hidden = !image;
  rows[place].hidden = !player;
  if (image) frames[place].querySelector("[data-part=hook]").replaceChildren(image);
  if (!player) return;
  waveforms[place].show(peaks, player);
  player.addEventListener("change", refresh);
  player.addEventListener("heard", heard);
}

/** After the first candidate comes the second, unless the person took matters into their own hands. */
function heard({ target }) {
  refresh();
  const listened = trial;
  if (target !== trial?.players.left) return;
  setTimeout(() => {
    if (trial === listened && !trial.playing && !document.hidden && trial.players.right.plays === 0) play("right");
  }, BETWEEN_MS);
}

function clear() {
  trial?.leave();
  trial = null;
  chosen = null;
  places.forEach((place) => {
    frames[place].querySelector("[data-part=hook]").replaceChildren();
    waveforms[place].show([], null);
  });
  refresh();
}

function refresh() {
  for (const side of ["left", "right"]) {
    choices[side].setAttribute("aria-pressed", String(chosen === side));
    frames[side].classList.toggle("is-chosen", chosen === side);
    rows[side].classList.toggle("is-chosen", chosen === side);
  }
  for (const place of places) {
    const button = rows[place].querySelector("[data-action=play]");
    const isPlaying = trial?.players[place]?.isPlaying ?? false;
    button.classList.toggle("is-playing", isPlaying);
    button.setAttribute("aria-label", `${isPlaying ? "Pause" : "Play"} ${button.dataset.what}`);
  }
  root.classList.toggle("is-correcting", history.isBack);
  submitButton.setAttribute("aria-disabled", String(missing() !== ""));
  if (!trial) return;
  desk.become(trial.playing ? "playing" : trial.isHeard ? "heard" : "ready");
  desk.say(history.isBack ? history.words : missing() || "Submit when you are sure.");
}

function missing() {
  if (!trial) return "Nothing to answer yet.";
  if (!trial.isHeard) return trial.players.query ? "Listen to the end." : "Listen to both to the end.";
  return chosen === null ? "Choose one of the two." : "";
}

function choose(side) {
  if (!trial) return;
  if (chosen !== side) changes += 1;
  chosen = side;
  trial.moved();
  refresh();
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
  const answering = trial;
  const side = chosen;
  answering.leave();
  const evidence = { ...answering.evidence(), changes };
  const key = desk.answer("votes/", { choice: choiceOf(answering, side), active_ms: answering.activeMs, evidence });
  history.remember(answering, { side, key });
}

function correct() {
  const { side: before, key: corrected } = history.answer;
  if (chosen !== before) {
    const key = desk.correct(`votes/${corrected}/correct/`, { choice: choiceOf(trial, chosen) });
    history.corrected({ side: chosen, key });
    desk.notice("Corrected.");
  }
  history.forth();
}

/** What a side stood for: which candidate is first was drawn by the site. */
function choiceOf({ lease }, side) {
  const [left, right] = lease.candidates;
  return (side === "left" ? left : right).choice;
}

/** One step through the earlier answers. What was chosen there without submitting is not an answer: it says so. */
function walk(step) {
  const isDropped = history.isBack && chosen !== history.answer.side;
  desk.notice(isDropped ? "You did not submit that change, so the answer stands as it was." : "");
  step();
}

function previous() {
  walk(() => history.back(trial, { side: chosen }));
}

function next() {
  if (history.isBack) walk(() => history.ahead());
}

function seekBy(seconds) {
  const player = trial?.players[inHand];
  player?.seek(player.position + seconds);
}

function play(place) {
  inHand = place;
  trial.players[place].play();
}

function toggle(place) {
  if (!trial?.players[place]) return;
  if (trial.players[place].isPlaying) trial.players[place].pause();
  else play(place);
}

function replay() {
  trial?.players[inHand].replay();
}

for (const place of places) {
  rows[place].querySelector("[data-action=play]").addEventListener("click", () => toggle(place));
}
for (const side of ["left", "right"]) {
  choices[side].addEventListener("click", () => choose(side));
  frames[side].addEventListener("click", () => choose(side));
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) trial?.hush();
});
desk.on("replay", replay);
desk.on("submit", submit);
desk.on("previous", previous);
desk.on("next", next);
desk.useKeys({
  defaults: {
    play: [" "],
    replay: ["r"],
    rewind: [","],
    forward: ["."],
    "play-first": ["1"],
    "play-second": ["2"],
    first: ["ArrowLeft", "f"],
    second: ["ArrowRight", "j"],
    submit: ["Enter"],
    previous: ["Backspace", "z"],
    next: ["n"],
    skip: ["s"],
    leave: ["Escape"],
    help: ["?"],
  },
  actions: {
    play: () => toggle(inHand),
    replay,
    rewind: { run: () => seekBy(-SEEK_S), repeats: true },
    forward: { run: () => seekBy(SEEK_S), repeats: true },
    "play-first": () => toggle("left"),
    "play-second": () => toggle("right"),
    first: () => choose("left"),
    second: () => choose("right"),
    submit,
    previous,
    next,
    skip: () => history.isBack || desk.skip(),
    leave: () => history.isBack && walk(() => history.forth()),
    help: () => desk.help(),
  },
});
desk.start();
