/** Fetches and decodes the media of the coming tasks while the present one is judged. */
import { Unreachable } from "./api.js";
import { fetchSound } from "./audio.js";

async function loadPainting({ display, width, height }) {
  const image = new Image(width, height);
  image.alt = "The painting";
  image.draggable = false;
  image.style.setProperty("--ratio", String(width / height));
  image.src = display;
  try {
    await image.decode();
  } catch {
    throw navigator.onLine
      ? new Error("The painting could not be shown.")
      : new Unreachable("The painting has not come yet.");
  }
  return { image };
}

async function loadClip({ audio, peaks, gain_db: gainDb }) {
  return { buffer: await fetchSound(audio), peaks, gainDb };
}

export class Shelf {
  #loading = new Map();
  #ready = new Set();
  #itemsOf;

  /** `itemsOf(lease)` names the lease's media as `{name: {kind: "painting" | "clip", ...}}`. */
  constructor(itemsOf) {
    this.#itemsOf = itemsOf;
  }

  /** The lease's media, decoded, by name; started at once and kept until dropped. */
  media(lease) {
    if (!this.#loading.has(lease.token)) {
      const loading = this.#load(lease);
      loading.then(
        () => this.#ready.add(lease.token),
        () => this.drop(lease), // the next call tries again
      );
      this.#loading.set(lease.token, loading);
    }
    return this.#loading.get(lease.token);
  }

  /** How many of these leases have their media here already. */
  ready(leases) {
    return leases.filter(({ token }) => this.#ready.has(token)).length;
  }

  drop(lease) {
    this.#loading.delete(lease.token);
    this.#ready.delete(lease.token);
  }

  async #load(lease) {
    const items = Object.entries(this.#itemsOf(lease));
    const loaded = await Promise.all(items.map(([, item]) => (item.kind === "clip" ? loadClip(item) : loadPainting(item))));
    return Object.fromEntries(items.map(([name], index) => [name, loaded[index]]));
  }
}
