/** The scoring page: one painting, one clip, one mark on a line. */
import { Desk } from "./desk.js";
import { History } from "./history.js";
import { KEYS, PairView } from "./pair_view.js";
import { Trial } from "./trial.js";

const root = document.querySelector("[data-desk=scoring]");
const desk = new Desk(root, {
  itemsOf: ({ painting, clip }) => ({ painting: { kind: "painting", ...painting }, clip: { kind: "clip", ...clip } }),
  show,
  clear: () => view.clear(),
});
const view = new PairView(root);
const history = new History(desk, (trial, answer) => view.hang(trial, answer));
const { scale } = view;

function show(lease, media) {
  view.hang(new Trial(lease, media, { share: desk.heardShare }));
  if (!document.hidden) view.trial.players.clip.play();
}

/** Makes words and state agree with what is true now. */
function refresh() {
  desk.find("submit").setAttribute("aria-disabled", String(view.missing !== ""));
  root.classList.toggle("is-correcting", history.isBack);
  if (!view.trial) return;
  desk.become(view.isPlaying ? "playing" : view.trial.isHeard ? "heard" : "ready");
  desk.say(history.isBack ? history.words : view.missing || "Submit when you are sure.");
}

function submit() {
  if (view.missing) {
    desk.insist(view.missing);
    return;
  }
  if (history.isBack) correct();
  else answer();
}

function answer() {
  performance.mark("atelier:answered");
  const { value, method, moves, widthPx } = scale;
  const answering = view.trial;
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
  walk(() => history.back(view.trial, { value: scale.value, method: scale.method }));
}

function next() {
  if (history.isBack) walk(() => history.ahead());
}

/** Escape steps out of whatever is on: the zoom first, then the earlier answers. */
function leave() {
  if (view.painting.isZoomed) view.painting.fit();
  else if (history.isBack) walk(() => history.forth());
}

view.addEventListener("change", refresh);
desk.on("submit", submit);
desk.on("previous", previous);
desk.on("next", next);
desk.useKeys({
  defaults: KEYS,
  actions: {
    ...view.actions,
    submit,
    previous,
    next,
    skip: () => history.isBack || desk.skip(),
    leave,
    help: () => desk.help(),
  },
});
refresh();
desk.start();
