/**
 * The start page of an import: takes what is dropped or chosen, sends it when asked to, then hands in the form, which
 * starts the import. Without this module the form sends the files itself.
 */
import { bytesInWords, filesOfDrop, filesOfInput, kindsInWords, number } from "./chosen.js";
import { Listing } from "./listing.js";
import { Sender } from "./sender.js";
import { ask } from "./wire.js";

const REDRAW_MS = 200;

const form = document.querySelector("[data-part=form]");
const part = (name) => form.querySelector(`[data-part=${name}]`);
const settings = form.dataset;
const input = form.elements.namedItem("files");
const folder = part("folder");
const listing = new Listing(part("files"), part("more"));
const sender = new Sender({
  url: settings.uploads,
  partBytes: Number(settings.partBytes),
  key: form.elements.namedItem("upload").value || settings.unfinished,
});

let chosen = [];
let leaving = false;

const kind = () => form.elements.namedItem("kind").value;
const unknown = () => chosen.filter((file) => file.kind === "unknown");
const tooLarge = () => chosen.find((file) => file.size > Number(settings.maxFileBytes));
const wanted = () => (part("send-unknown").checked ? chosen : chosen.filter((file) => file.kind !== "unknown"));
const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

function show(name, words) {
  const at = part(name);
  at.hidden = !words;
  if (at.textContent !== words) at.textContent = words;
}

/** What a screen reader is told: changes of state only, not every kilobyte. */
function announce(words) {
  part("announcement").textContent = words;
}

// --- Choosing ----------------------------------------------------------------------------------------------------

function choose(more) {
  if (!more.length) return trouble("There was no file in what was dropped.");
  const byName = new Map(chosen.map((file) => [file.name, file]));
  for (const file of more) if (!(byName.get(file.name)?.id && byName.get(file.name).size === file.size)) byName.set(file.name, file);
  chosen = [...byName.values()];
  form.elements.namedItem("kind").value = "upload";
  trouble("");
  draw();
  announce(`${plural(chosen.length, "file")} chosen: ${kindsInWords(chosen)}.`);
  const large = tooLarge();
  if (large) trouble(`${large.name} has ${bytesInWords(large.size)}, more than one file may have here (${bytesInWords(Number(settings.maxFileBytes))}). Put it on the server and import it from there.`);
}

function clear() {
  sender.pause();
  chosen = [];
  sender.files = [];
  trouble("");
  draw();
  part("pick-files").focus();
}

function trouble(words) {
  show("trouble", words);
}

// --- Drawing -----------------------------------------------------------------------------------------------------

function draw() {
  const has = chosen.length > 0;
  form.classList.toggle("has-files", has);
  part("chosen").hidden = !has;
  show("count", plural(chosen.length, "file"));
  show("kinds", has ? `, ${bytesInWords(chosen.reduce((sum, file) => sum + file.size, 0))}: ${kindsInWords(chosen)}` : "");
  drawUnknown();
  drawList();
  drawSubmit();
}

function drawList() {
  const sent = new Set(wanted());
  for (const file of chosen) file.isOut = !sent.has(file);
  listing.show(chosen);
}

function drawUnknown() {
  const odd = unknown();
  part("unknown").hidden = !odd.length;
  const names = odd.slice(0, 3).map((file) => file.name.split("/").at(-1));
  const rest = odd.length > names.length ? ` and ${number(odd.length - names.length)} more` : "";
  const said = odd.length === 1 ? "One file is neither a picture, music, a CSV nor a zip by its name, and is left out" : `${number(odd.length)} files are neither pictures, music, CSVs nor zips by their names, and are left out`;
  part("unknown-words").textContent = `${said}: ${names.join(", ")}${rest}.`;
  part("send-words").textContent = odd.length === 1 ? "Send it all the same" : "Send them all the same";
  part("send-unknown").disabled = sender.isBusy;
}

function submitWords(n) {
  if (kind() !== "upload" || !n) return "Start import";
  if (sender.isBusy) return `Sending ${plural(n, "file")}…`;
  const hasBegun = sender.state === "paused" || sender.state === "refused";
  return `${hasBegun ? "Go on sending" : "Send and import"} ${plural(n, "file")}`;
}

function drawSubmit() {
  const enough = sender.state === "sent" && sender.failed.length > 0 && sender.failed.length < sender.files.length;
  part("submit-words").textContent = submitWords(wanted().length);
  form.querySelector(".import-submit").disabled = sender.isBusy || enough;
  part("pause").hidden = !sender.isBusy;
  part("clear").hidden = sender.isBusy;
  part("whole-only").hidden = !enough;
}

function timeLeft() {
  const seconds = (sender.bytes - sender.bytesSent) / sender.rate;
  if (!Number.isFinite(seconds)) return "";
  const words = seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
  return `, ${bytesInWords(sender.rate)} a second, about ${words} left`;
}

function sendingWords() {
  const here = sender.files.filter((file) => file.state === "sent").length;
  const much = `${number(here)} of ${plural(sender.files.length, "file")}, ${bytesInWords(sender.bytesSent)} of ${bytesInWords(sender.bytes)}`;
  switch (sender.state) {
    case "announcing":
      return "Asking the site what it has already…";
    case "sending":
      return `Sending: ${much}${timeLeft()}`;
    case "waiting":
      return `The site cannot be reached; trying again ${soon()}. Nothing that has come is lost: ${much}.`;
    case "signed-out":
      return "You are logged out. Log in again in another tab, and sending goes on here.";
    case "paused":
      return `Paused: ${much}. What has come stays for some days.`;
    case "sent":
      return `All sent: ${much}.`;
    default:
      return much;
  }
}

function soon() {
  const seconds = Math.ceil((sender.retryAt - Date.now()) / 1000);
  return seconds > 0 ? `in ${seconds} s` : "now";
}

function drawSending() {
  const isOn = sender.state !== "idle" && sender.files.length > 0;
  part("sending").hidden = !isOn;
  if (!isOn) return;
  part("hint").hidden = true;
  part("sending").dataset.state = sender.state;
  show("words", sendingWords());
  part("progress").max = Math.max(1, sender.bytes);
  part("progress").value = sender.bytesSent;
  drawList();
}

// --- Sending -----------------------------------------------------------------------------------------------------

async function send() {
  trouble("");
  const files = wanted();
  if (tooLarge()) return choose(chosen);
  if (files.length > Number(settings.maxFiles)) return trouble(`That is more than ${number(Number(settings.maxFiles))} files at a time. Send a zip, or in several turns.`);
  if (!(await adopt(files))) return;
  part("unfinished")?.remove();
  await sender.send(files);
}

/** Goes on with what this person began before, if these are files of it; else a new upload begins. */
async function adopt(files) {
  if (!settings.unfinished || sender.key !== settings.unfinished || form.elements.namedItem("upload").value) return true;
  try {
    const { files: there } = await ask("GET", `${settings.uploads}${sender.key}/`);
    const sizes = new Map(there.map(({ name, size }) => [name, size]));
    if (!files.some(({ name, size }) => sizes.get(name) === size)) sender.key = "";
    return true;
  } catch (error) {
    trouble(error.message);
    return false;
  }
}

function handIn() {
  leaving = true;
  for (const chooser of [input, folder]) chooser.disabled = true; // or the browser would send them all once more
  form.elements.namedItem("upload").value = sender.key;
  form.elements.namedItem("whole_only").value = "1"; // what an earlier try left half sent does not hold this one up
  form.submit();
}

function onState() {
  drawSending();
  drawSubmit();
  if (sender.state === "refused") trouble(sender.words === "There is nothing here." ? "This upload is not there any more, or you have logged in as somebody else. Load the page again." : sender.words);
  if (sender.state !== "sent") return announce(sender.state === "sending" ? "Sending." : sendingWords());
  const { failed } = sender;
  if (!failed.length) {
    announce("All sent. The import starts.");
    return handIn();
  }
  trouble(`${plural(failed.length, "file")} could not be sent; the list says why. ${failed.length < sender.files.length ? "The others are here." : ""}`);
}

// --- Wiring ------------------------------------------------------------------------------------------------------

form.classList.add("is-live");
input.hidden = true;
folder.disabled = false;

part("pick-files").addEventListener("click", () => input.click());
part("pick-folder").addEventListener("click", () => folder.click());
form.addEventListener(
  "change",
  (event) => {
    const chooser = event.target;
    if (chooser !== input && chooser !== folder) return;
    event.stopPropagation(); // the panel's own script expects a text field beside every file field
    const found = filesOfInput(chooser);
    chooser.value = "";
    choose(found);
  },
  true,
);
part("clear").addEventListener("click", clear);
part("send-unknown").addEventListener("change", draw);
part("pause").addEventListener("click", () => sender.pause());
part("whole-only").addEventListener("click", () => handIn());
part("throw-away")?.addEventListener("click", async () => {
  try {
    await ask("DELETE", `${settings.uploads}${settings.unfinished}/`);
    sender.key = "";
    part("unfinished").remove();
    announce("Thrown away.");
  } catch (error) {
    trouble(error.message);
  }
});
form.addEventListener("change", (event) => event.target.name === "kind" && drawSubmit());

form.addEventListener("submit", (event) => {
  if (kind() !== "upload" || event.submitter?.name === "use_unfinished" || !wanted().length) {
    leaving = true;
    return;
  }
  event.preventDefault();
  if (!sender.isBusy) send();
});

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault(); // anywhere on the page: a drop beside the zone must not leave the page
  form.classList.add("is-over");
});
addEventListener("dragleave", (event) => event.relatedTarget || form.classList.remove("is-over"));
addEventListener("drop", async (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  form.classList.remove("is-over");
  if (sender.isBusy) return trouble("Pause the sending first; then add more files.");
  try {
    choose(await filesOfDrop(event.dataTransfer));
  } catch {
    trouble("What was dropped cannot be read. Try the button “Choose a folder”.");
  }
});
addEventListener("beforeunload", (event) => sender.isBusy && !leaving && event.preventDefault());

let due = 0;
sender.addEventListener("state", onState);
sender.addEventListener("change", () => {
  due ||= setTimeout(() => {
    due = 0;
    drawSending();
  }, REDRAW_MS);
});
setInterval(() => sender.state === "waiting" && drawSending(), 1000);
draw();
