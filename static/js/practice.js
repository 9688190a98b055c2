/** The practice desk: as at the scoring desk, but each mark is answered with where the reference lies. */
import { Refused, Unreachable, post } from "./api.js";
import { closeByBackdrop, openHelp } from "./dialogs.js";
import { fullScreenButtons } from "./fullscreen.js";
import { Keymap } from "./keymap.js";
import { listen } from "./keys.js";
import { KeySheet } from "./keysheet.js";
import { KEYS, PairView } from "./pair_view.js";
import { Shelf } from "./prefetch.js";
import { soundCheck } from "./soundcheck.js";
import { Trial } from "./trial.js";

const root = document.querySelector("[data-desk=practice]");
const find = (part) => root.querySelector(`[data-part=${part}]`);
const pairs = JSON.parse(document.getElementById("practice-pairs").textContent);
const shelf = new Shelf(({ painting, clip }) => ({
  painting: { kind: "painting", ...painting },
  clip: { kind: "clip", ...clip },
}));
const view = new PairView(root);

let told = null; // what the site answered to the mark, until the next pair
let isSending = false;
let number = Number(root.dataset.number);

function become(state) {
  root.dataset.state = state;
  find("trouble").hidden = state !== "trouble";
}

function say(words) {
  if (find("prompt").textContent !== words) find("prompt").textContent = words;
}

function notice(words) {
  find("notice").textContent = words;
  find("notice").hidden = !words;
}

async function bring() {
  const [pair, after] = pairs;
  become("loading");
  say("Bringing the next one …");
  try {
    hang(pair, await shelf.media(pair));
  } catch (error) {
    find("trouble-words").textContent = error.message;
    become("trouble");
  }
  if (after) shelf.media(after).catch(() => {}); // told when its turn comes
}

function hang(pair, media) {
  told = null;
  notice("");
  view.scale.isFixed = false;
  view.scale.compare(null);
  find("number-now").textContent = String(number);
  view.hang(new Trial(pair, media, { share: Number(root.dataset.heardShare) }));
  if (!document.hidden) view.trial.players.clip.play();
}

function refresh() {
  const missing = told ? "" : view.missing;
  find("submit").setAttribute("aria-disabled", String(missing !== ""));
  find("submit-words").textContent = told ? (told.is_last ? "See how it went" : "Next pair") : "Submit";
  if (!view.trial) return;
  become(told ? "told" : view.isPlaying ? "playing" : view.trial.isHeard ? "heard" : "ready");
  say(told ? "The ring is the reference." : missing || "Submit when you are sure.");
}

function submit() {
  if (told) onward();
  else if (view.missing) say(view.missing);
  else send();
}

async function send() {
  if (isSending) return;
  isSending = true;
  const answer = { example: Number(view.trial.lease.token), value: view.scale.value, played_ms: view.trial.playedMs };
  try {
    told = await post("/api/v1/practice/answers/", answer);
    view.scale.isFixed = true;
    view.scale.compare(told.reference);
    notice([told.words, told.explanation].filter(Boolean).join(" "));
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
    const isAway = error instanceof Unreachable;
    notice(isAway ? "You seem to be offline. Your mark is still here: submit again in a moment." : error.message);
  } finally {
    isSending = false;
  }
  refresh();
}

function onward() {
  view.trial.leave();
  if (told.is_last) {
    location.assign(root.dataset.result);
    return;
  }
  pairs.shift();
  number += 1;
  view.clear();
  bring();
}

function on(action, run) {
  root.querySelectorAll(`[data-action=${action}]`).forEach((control) => control.addEventListener("click", run));
}

function help() {
  openHelp(find("help"));
}

async function start() {
  const keymap = new Keymap({ desk: "scoring", owner: root.dataset.owner, defaults: KEYS }); // the desk that comes after
  new KeySheet(find("help"), keymap);
  listen(keymap, { ...view.actions, submit, leave: () => view.painting.fit(), help });
  view.addEventListener("change", refresh);
  fullScreenButtons(root.querySelectorAll("[data-action=full-screen]"));
  closeByBackdrop(find("help"));
  on("submit", submit);
  on("help", help);
  on("retry", bring);
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  pairs.slice(0, 2).forEach((pair) => shelf.media(pair).catch(() => {}));
  become("sound");
  await soundCheck(find("sound"));
  await bring();
}

start();
