/** The scoring page: one painting, one clip, one mark on a line. */
import { Answers } from "./answers.js";
import { Desk } from "./desk.js";
import { KEYS, PairView } from "./pair_view.js";
import { Trial } from "./trial.js";

const root = document.querySelector("[data-desk=scoring]");
const desk = new Desk(root, {
  itemsOf: ({ painting, clip }) => ({ painting: { kind: "painting", ...painting }, clip: { kind: "clip", ...clip } }),
  show,
  clear: () => view.clear(),
});
const view = new PairView(root);
const { scale } = view;
const answers = new Answers(desk, {
  path: "ratings/",
  hang: (trial, given) => view.hang(trial, given),
  missing: () => view.missing,
  trial: () => view.trial,
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

function show(lease, media) {
  view.hang(new Trial(lease, media, { share: desk.heardShare }));
  if (!document.hidden) view.trial.players.clip.play();
}

/** Makes words and state agree with what is true now. */
function refresh() {
  desk.find("submit").setAttribute("aria-disabled", String(view.missing !== ""));
  root.classList.toggle("is-correcting", answers.isBack);
  if (!view.trial) return;
  desk.become(view.isPlaying ? "playing" : view.trial.isHeard ? "heard" : "ready");
  desk.say(answers.words);
}

/** Escape steps out of whatever is on: the zoom first, then the earlier answers. */
function leave() {
  if (view.painting.isZoomed) view.painting.fit();
  else answers.leave();
}

view.addEventListener("change", refresh);
desk.on("submit", () => answers.submit());
desk.on("previous", () => answers.previous());
desk.on("next", () => answers.next());
desk.useKeys({
  defaults: KEYS,
  actions: {
    ...view.actions,
    submit: () => answers.submit(),
    previous: () => answers.previous(),
    next: () => answers.next(),
    skip: () => answers.isBack || desk.skip(),
    leave,
    help: () => desk.help(),
  },
});
refresh();
desk.start();
