/** The list of chosen files: a row each, of very many only those that matter now. */
import { bytesInWords, number } from "./chosen.js";

const MOST_ROWS = 100;
const SYMBOLS = { picture: "image", music: "music_note", table: "table", zip: "folder_zip", unknown: "draft" };

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function rowOf(file) {
  const row = element("li", "import-file");
  const symbol = element("span", "material-symbols-outlined", SYMBOLS[file.kind]);
  symbol.ariaHidden = "true";
  const name = element("span", "import-file-name", file.name);
  name.title = file.name;
  const state = element("span", "import-file-state");
  const bar = element("progress", "jobs-progress");
  bar.max = Math.max(1, file.size);
  bar.ariaLabel = file.name;
  row.append(symbol, name, state, bar);
  return row;
}

function stateWords(file) {
  if (file.isOut) return "left out";
  if (file.state === "failed") return file.words;
  if (file.state === "sent") return "here";
  if (file.state === "sending" && file.size) return `${Math.floor((100 * file.sent) / file.size)} %`;
  return bytesInWords(file.size);
}

export class Listing {
  #rows = new Map();
  #list;
  #more;

  constructor(list, more) {
    this.#list = list;
    this.#more = more;
  }

  show(files) {
    const shown = files.length > MOST_ROWS ? this.#matter(files) : files;
    const wanted = shown.map((file) => this.#row(file));
    if (wanted.length !== this.#list.children.length || wanted.some((row, at) => row !== this.#list.children[at])) {
      this.#list.replaceChildren(...wanted);
    }
    for (const file of this.#rows.keys()) if (!shown.includes(file)) this.#rows.delete(file);
    const rest = files.length - shown.length;
    this.#more.hidden = rest === 0;
    this.#more.textContent = `And ${number(rest)} more.`;
  }

  /** What failed and what is on its way first, then what waits. */
  #matter(files) {
    const order = ["failed", "sending", "waiting", "sent"];
    return order.flatMap((state) => files.filter((file) => file.state === state)).slice(0, MOST_ROWS);
  }

  #row(file) {
    if (!this.#rows.has(file)) this.#rows.set(file, rowOf(file));
    const row = this.#rows.get(file);
    if (row.dataset.state !== file.state) row.dataset.state = file.state;
    const [, , state, bar] = row.children;
    const words = stateWords(file);
    if (state.textContent !== words) state.textContent = words;
    bar.hidden = file.state !== "sending";
    bar.value = file.sent;
    return row;
  }
}
