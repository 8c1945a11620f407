// The API as this page uses it. Each call is timed and told to "what happened".

import { api } from "./config.js";
import { record } from "./happened.js";

/** Milliseconds from which on an answer is slow: what the workshop's filter `responsetime > 1` finds. */
export const SLOW = 1000;

// Longer than a load balancer lets a connection idle, so that its answer comes first.
const LIMITS = { GET: 15_000, POST: 70_000 };

/**
 * One call. `status` is 0 when the browser may not or cannot read the answer: no network, a
 * deadline that passed, or an answer of the load balancer's own, which has no CORS header.
 * `odd`: a success by its status that does not hold what it should.
 */
async function call(method, path, holds) {
  const start = performance.now();
  const result = { method, path, status: 0, body: null, trace: "", sampled: false };
  try {
    const response = await fetch(api + path, { method, cache: "no-store", signal: AbortSignal.timeout(LIMITS[method]) });
    result.status = response.status;
    const header = response.headers.get("X-Amzn-Trace-Id") ?? "";
    result.trace = /Root=([\w-]+)/.exec(header)?.[1] ?? "";
    result.sampled = header.includes("Sampled=1");
    result.body = await response.json();
  } catch {
    // Told by the status, or by the body that is not there.
  }
  const success = result.status >= 200 && result.status < 300;
  result.ok = success && holds(result.body);
  result.odd = success && !result.ok;
  result.ms = Math.round(performance.now() - start);
  result.slow = result.ms >= SLOW;
  record(result);
  return result;
}

const at = (id) => `/mysfits/${encodeURIComponent(id)}`;
const updated = (body) => body?.Update === "Success";

export const list = (query) => call("GET", `/mysfits${query}`, (body) => Array.isArray(body?.mysfits));
export const profile = (id) => call("GET", at(id), (body) => typeof body?.name === "string");
export const like = (id) => call("POST", `${at(id)}/like`, updated);
export const adopt = (id) => call("POST", `${at(id)}/adopt`, updated);

/** Awaits a call; once that takes more than half a second, `tick` is told the seconds so far. */
export async function waiting(promise, tick) {
  const start = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - start) / 1000;
    if (seconds > 0.5) tick(seconds.toFixed(1));
  }, 100);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
