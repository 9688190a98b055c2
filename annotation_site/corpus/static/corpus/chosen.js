/** The files that a person drops or chooses: their names with folders, and what kind each seems to be. */

const KINDS = {
  picture: ["jpg", "jpeg", "jpe", "png", "webp", "tif", "tiff", "avif", "gif", "bmp"],
  music: ["flac", "wav", "wave", "mp3", "ogg", "oga", "opus", "aif", "aiff", "aifc"],
  table: ["csv"],
  zip: ["zip"],
};
const BY_EXTENSION = new Map(Object.entries(KINDS).flatMap(([kind, all]) => all.map((extension) => [extension, kind])));
const PLURALS = {
  picture: ["picture", "pictures"],
  music: ["piece of music", "pieces of music"],
  table: ["CSV", "CSVs"],
  zip: ["zip", "zips"],
  unknown: ["other file", "other files"],
};
const SYSTEM = new Set(["thumbs.db", "desktop.ini", "__macosx"]);

/** What the name says; only a hint, since the import looks into the file itself. */
export function kindOf(name) {
  const extension = /\.([^./]+)$/.exec(name)?.[1].toLowerCase();
  return BY_EXTENSION.get(extension) ?? "unknown";
}

/** "212 pictures, 3 pieces of music, 1 CSV". */
export function kindsInWords(files) {
  const counts = new Map();
  for (const { kind } of files) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const said = Object.keys(PLURALS).filter((kind) => counts.has(kind));
  return said.map((kind) => `${number(counts.get(kind))} ${PLURALS[kind][counts.get(kind) === 1 ? 0 : 1]}`).join(", ");
}

export const number = (n) => n.toLocaleString("en");

export function bytesInWords(bytes) {
  const units = ["bytes", "KB", "MB", "GB", "TB"]; // as the site's own pages count them
  let power = 0;
  for (; bytes >= 1023.5 && power < units.length - 1; power += 1) bytes /= 1024;
  return `${power && bytes < 9.95 ? bytes.toFixed(1) : Math.round(bytes)} ${units[power]}`;
}

const isHidden = (name) => name.split("/").some((part) => part.startsWith(".") || SYSTEM.has(part.toLowerCase()));

function described(file, name) {
  return { name, file, size: file.size, kind: kindOf(name), state: "waiting", received: 0, sent: 0, words: "" };
}

function withoutHidden(files) {
  return files.filter(({ name }) => !isHidden(name));
}

/** The files of an `<input type=file>`, with their folders where a folder was chosen. */
export function filesOfInput(input) {
  return withoutHidden(Array.from(input.files, (file) => described(file, file.webkitRelativePath || file.name)));
}

function entriesOf(reader) {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push(described(file, entry.fullPath.replace(/^\//, "")));
    return;
  }
  const reader = entry.createReader();
  for (let some = await entriesOf(reader); some.length; some = await entriesOf(reader)) {
    for (const inner of some) await walk(inner, found); // readers give a hundred at a time, until none is left
  }
}

/** The files of a drop, folders walked through. The transfer must still be alive: call it at once. */
export async function filesOfDrop(transfer) {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return withoutHidden(Array.from(transfer.files, (file) => described(file, file.name)));
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return withoutHidden(found);
}
