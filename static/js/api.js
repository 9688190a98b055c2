/** Speaks JSON with the site. Whatever goes wrong becomes an error that carries a sentence for a person. */

const LOGGED_OUT = ["not_authenticated", "authentication_failed"];
const STALE = "csrf_failed";

/** The site answered, and said no. `waitMs`: when it may say yes, where it told. */
export class Refused extends Error {
  constructor(status, { code = "", detail = "", wait_s: wait = 0 }) {
    super(detail || `The site answered with an error (${status}).`);
    this.status = status;
    this.code = code;
    this.waitMs = wait * 1000;
  }

  /** True when nobody is logged in any more. */
  get needsLogin() {
    return this.status === 401 || (this.status === 403 && LOGGED_OUT.includes(this.code));
  }

  /** True when the page's own secret (its CSRF token) is not the site's any more: a fresh page has a fresh one. */
  get isStale() {
    return this.status === 403 && this.code === STALE;
  }

  /** True when this person may not answer at all just now: paused, say. */
  get isBarred() {
    return this.status === 403 && !this.needsLogin && !this.isStale;
  }

  /** True when the same request may succeed later. */
  get mayPass() {
    return this.status >= 500 || this.status === 408 || this.status === 429 || this.code === "too_soon";
  }
}

/** No answer came: offline, asleep, or the site is away. */
export class Unreachable extends Error {}

const PATIENCE_MS = 20_000;

export function csrfToken() {
  const pair = document.cookie.split("; ").find((cookie) => cookie.startsWith("csrftoken="));
  return pair ? decodeURIComponent(pair.slice("csrftoken=".length)) : "";
}

async function bodyOf(response) {
  try {
    return await response.json();
  } catch {
    return {}; // a proxy's page, or an empty 204
  }
}

async function send(url, { method, body }) {
  let response;
  try {
    response = await fetch(url, {
      method,
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Unreachable("The site cannot be reached just now.");
  }
  const data = await bodyOf(response);
  if (response.ok) return data;
  throw new Refused(response.status, data);
}

/** A stale secret is mended once, by asking for this page again: its answer sets a fresh one. */
export async function post(url, body = {}) {
  try {
    return await send(url, { method: "POST", body });
  } catch (error) {
    if (!error.isStale) throw error;
    await fetch(location.pathname, { credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => {});
    return send(url, { method: "POST", body });
  }
}

/** The code of the rater who is logged in, or null. */
export async function whoIsLoggedIn() {
  return (await send("/api/v1/me/", { method: "GET" })).rater;
}

/** Sends from a page that is being closed, where only a form gets away; nobody waits for the answer. */
export function sendLast(url) {
  const form = new FormData();
  form.set("csrfmiddlewaretoken", csrfToken());
  navigator.sendBeacon(url, form);
}

/** A random (version 4) UUID; also where the page is served without https and `crypto.randomUUID` is absent. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
