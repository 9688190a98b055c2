/** The preference page: one query, two candidates, one of them goes better with it. Two clips never play at once. */
import { Answers } from "./answers.js";
import { Comparison, SIDES } from "./comparison.js";
import { Desk } from "./desk.js";
import { HEARING_KEYS, SEEING_KEYS, hearing, seeing } from "./deskkeys.js";
import { toggleFullScreen } from "./fullscreen.js";
import { Gallery } from "./gallery.js";
import { Waveform } from "./waveform.js";

const PLACES = ["query", ...SIDES];

const root = document.querySelector("[data-desk=preferences]");
const desk = new Desk(root, { itemsOf, show, clear });
const gallery = new Gallery(root);
const submitButton = desk.find("submit");
const loopButton = desk.find("loop");
const aloneButton = desk.find("alone");
const rows = byPlace(PLACES, (place) => root.querySelector(`[data-clip=${place}]`));
const frames = byPlace(SIDES, (side) => root.querySelector(`[data-frame=${side}]`));
const choices = byPlace(SIDES, (side) => root.querySelector(`[data-choose=${side}]`));
const waveforms = byPlace(PLACES, (place) => new Waveform(rows[place].querySelector("canvas")));

const answers = new Answers(desk, {
  path: "votes/",
  hang,
  missing,
  trial: () => trial,
  given: () => ({ side: chosen }),
  isSame: (given, other) => given.side === other.side,
  body: (answering, { side }) => ({
    choice: choiceOf(answering, side),
    active_ms: answering.activeMs,
    evidence: { ...answering.evidence(), changes },
  }),
  change: (corrected, { side }) => ({ choice: choiceOf(corrected, side) }),
});

let trial = null;
let chosen = null; // "left" or "right"
let changes = 0;
let loops = false;

function byPlace(places, find) {
  return Object.fromEntries(places.map((place) => [place, find(place)]));
}

function itemsOf({ query, candidates: [left, right] }) {
  return { query, left: left.item, right: right.item };
}

function show(lease, media) {
  hang(new Comparison(lease, media, { share: desk.heardShare }));
  if (!document.hidden) trial.player.play();
}

/** Puts a trial before the person, with the choice that it had, if any. */
function hang(next, { side = null } = {}) {
  trial?.leave();
  trial = next;
  chosen = side;
  changes = 0;
  root.dataset.direction = trial.lease.direction;
  gallery.show(trial);
  if (side) gallery.turnTo(side);
  PLACES.forEach(fill);
  trial.looks.addEventListener("seen", refresh);
  trial.enter();
  refresh();
  root.focus({ preventScroll: true });
}

function fill(place) {
  const player = trial.players[place];
  rows[place].hidden = !player;
  if (!player) return;
  waveforms[place].show(trial.media[place].peaks, player);
  player.loops = loops;
  for (const news of ["change", "heard"]) player.addEventListener(news, refresh);
}

function clear() {
  trial?.leave();
  trial = null;
  chosen = null;
  gallery.show(null);
  for (const waveform of Object.values(waveforms)) waveform.show([], null);
  refresh();
}

/** Makes buttons, words and state agree with what is true now. */
function refresh() {
  for (const side of SIDES) {
    choices[side].setAttribute("aria-pressed", String(chosen === side));
    for (const shown of [frames[side], rows[side]]) shown.classList.toggle("is-chosen", chosen === side);
  }
  for (const place of PLACES) {
    const button = rows[place].querySelector("[data-action=play]");
    const isPlaying = trial?.players[place]?.isPlaying ?? false;
    rows[place].classList.toggle("is-in-hand", trial?.inHand === place);
    button.classList.toggle("is-playing", isPlaying);
    button.setAttribute("aria-label", `${isPlaying ? "Pause" : "Play"} ${button.dataset.what}`);
  }
  root.classList.toggle("is-correcting", answers.isBack);
  submitButton.setAttribute("aria-disabled", String(missing() !== ""));
  desk.find("fit").hidden = !gallery.isZoomed;
  aloneButton.hidden = !gallery.hasTwo;
  aloneButton.setAttribute("aria-pressed", String(gallery.isOneAtATime));
  if (!trial) return;
  desk.become(trial.playing ? "playing" : trial.isHeard ? "heard" : "ready");
  desk.say(answers.words);
}

/** What the person still has to do before the answer can go, or nothing. */
function missing() {
  if (!trial) return "Nothing to answer yet.";
  if (!trial.isHeard) return unheard();
  const [unseen] = trial.looks.missing;
  if (unseen) return unseen === "query" ? "Look at the painting." : `Look at painting ${number(unseen)}, too.`;
  return chosen === null ? "Choose one of the two." : "";
}

function unheard() {
  if (!trial.hasTwoClips) return trial.playing ? "Listen to the end." : "Play the music to its end.";
  const left = SIDES.filter((side) => !trial.players[side].isHeard);
  return left.length > 1 ? "Listen to both to the end." : `Listen to all of music ${number(left[0])}, too.`;
}

function number(side) {
  return SIDES.indexOf(side) + 1;
}

function choose(side) {
  if (!trial) return;
  if (chosen !== side) changes += 1;
  chosen = side;
  gallery.turnTo(side);
  trial.moved();
  refresh();
}

/** What a side stood for: which candidate is left was drawn by the site. */
function choiceOf({ lease }, side) {
  return lease.candidates[SIDES.indexOf(side)].choice;
}

/** One of two clips, or of two paintings that are shown one at a time. */
function takeUp(side) {
  if (trial?.hasTwoClips) trial.toggle(side);
  else gallery.turnTo(side);
}

function switchOver() {
  if (trial?.hasTwoClips) trial.switchOver();
  else if (gallery.isOneAtATime) gallery.turn();
}

function loop() {
  loops = !loops;
  loopButton.setAttribute("aria-pressed", String(loops));
  for (const player of Object.values(trial?.players ?? {})) player.loops = loops;
}

/** Escape steps out of whatever is on: the zoom first, then the earlier answers. */
function leave() {
  if (gallery.isZoomed) gallery.fit();
  else answers.leave();
}

const sound = {
  toggle: () => trial?.toggle(trial.inHand),
  replay: () => trial?.player.replay(),
  loop,
  seekBy: (seconds) => trial?.player.seek(trial.player.position + seconds),
};

for (const place of PLACES) {
  rows[place].querySelector("[data-action=play]").addEventListener("click", () => trial?.toggle(place));
}
for (const side of SIDES) choices[side].addEventListener("click", () => choose(side));
gallery.addEventListener("choose", ({ detail }) => choose(detail.side));
gallery.addEventListener("change", refresh);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) trial?.hush();
});
desk.on("replay", sound.replay);
desk.on("loop", loop);
desk.on("switch", switchOver);
desk.on("alone", () => gallery.toggleAlone());
desk.on("fit", () => gallery.fit());
desk.on("submit", () => answers.submit());
desk.on("previous", () => answers.previous());
desk.on("next", () => answers.next());
desk.useKeys({
  defaults: {
    ...HEARING_KEYS,
    switch: ["x"],
    "take-first": ["1"],
    "take-second": ["2"],
    first: ["ArrowLeft", "ArrowUp", "f"],
    second: ["ArrowRight", "ArrowDown", "j"],
    submit: ["Enter"],
    previous: ["Backspace", "z"],
    next: ["n"],
    skip: ["s"],
    ...SEEING_KEYS,
    alone: ["o"],
    "full-screen": ["v"],
    leave: ["Escape"],
    help: ["?"],
  },
  actions: {
    ...hearing(sound),
    switch: switchOver,
    "take-first": () => takeUp("left"),
    "take-second": () => takeUp("right"),
    first: () => choose("left"),
    second: () => choose("right"),
    submit: () => answers.submit(),
    previous: () => answers.previous(),
    next: () => answers.next(),
    skip: () => answers.isBack || desk.skip(),
    ...seeing(gallery),
    alone: () => gallery.toggleAlone(),
    "full-screen": toggleFullScreen,
    leave,
    help: () => desk.help(),
  },
});
desk.start();
