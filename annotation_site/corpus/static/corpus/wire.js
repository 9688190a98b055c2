/** One request to the uploads' API, with progress. What goes wrong is a `Refused` or an `Unreachable`, as in api.js. */
import { Refused, Unreachable, csrfToken } from "../js/api.js";

const STALLED_MS = 45_000;

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // a proxy's page, or an empty 204
  }
}

/**
 * Sends `json` or `body` (a Blob) and resolves to the answer's data. `progress(bytes)` is told what has left so far;
 * `signal` gives up. A request that moves no byte for long counts as cut.
 */
export function ask(method, url, { json, body, progress, signal } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer = 0;
    const stop = () => request.abort();
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(stop, STALLED_MS);
    };
    const cut = () => reject(new Unreachable("The site cannot be reached just now."));
    request.open(method, url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    if (json !== undefined) request.setRequestHeader("Content-Type", "application/json");
    if (body !== undefined) request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      alive();
      progress?.(event.loaded);
    };
    request.onprogress = alive;
    request.onerror = cut;
    request.onabort = cut;
    request.onload = () => {
      const data = parsed(request.responseText);
      if (request.status >= 200 && request.status < 300) return resolve(data);
      const refused = new Refused(request.status, data);
      refused.received = data.received;
      reject(refused);
    };
    request.onloadend = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    };
    signal?.addEventListener("abort", stop);
    alive();
    request.send(json === undefined ? body : JSON.stringify(json));
  });
}
