// The client of the site's API. It times each call and adds it to the request log ("What happened").

import { api } from "./config.js";
import { record } from "./request-log.js";

/** A response that takes at least this many milliseconds is slow. The workshop's filter is `responsetime > 1`. */
export const SLOW_MS = 1000;

// Timeouts by method. A POST waits longer than the load balancer's idle timeout of 60 s, so that the load balancer's 504 arrives first.
const TIMEOUTS_MS = { GET: 15_000, POST: 70_000 };

/**
 * Sends one request. `isExpected` checks the body of a 2xx response.
 *
 * In the result, `status` is 0 if the browser cannot read the response: there is no network, the timeout passed, or the
 * load balancer itself sent the response, without a CORS header. `unexpectedBody` marks a 2xx response whose body
 * `isExpected` rejects.
 */
async function call(method, path, isExpected) {
  const start = performance.now();
  const result = { method, path, status: 0, body: null, trace: "", sampled: false };
  try {
    const response = await fetch(api + path, { method, cache: "no-store", signal: AbortSignal.timeout(TIMEOUTS_MS[method]) });
    result.status = response.status;
    const header = response.headers.get("X-Amzn-Trace-Id") ?? "";
    result.trace = /Root=([\w-]+)/.exec(header)?.[1] ?? "";
    result.sampled = header.includes("Sampled=1");
    result.body = await response.json();
  } catch {
    // The result keeps status 0, or has no body.
  }
  const success = result.status >= 200 && result.status < 300;
  result.ok = success && isExpected(result.body);
  result.unexpectedBody = success && !result.ok;
  result.ms = Math.round(performance.now() - start);
  result.slow = result.ms >= SLOW_MS;
  record(result);
  return result;
}

const mysfitPath = (id) => `/mysfits/${encodeURIComponent(id)}`;
const isUpdateSuccess = (body) => body?.Update === "Success";

export const fetchList = (query) => call("GET", `/mysfits${query}`, (body) => Array.isArray(body?.mysfits));
export const fetchProfile = (id) => call("GET", mysfitPath(id), (body) => typeof body?.name === "string");
export const sendLike = (id) => call("POST", `${mysfitPath(id)}/like`, isUpdateSuccess);
export const sendAdoption = (id) => call("POST", `${mysfitPath(id)}/adopt`, isUpdateSuccess);

/** Awaits a call. After half a second it starts to call `onProgress` with the elapsed seconds, ten times a second. */
export async function awaitWithProgress(promise, onProgress) {
  const start = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - start) / 1000;
    if (seconds > 0.5) onProgress(seconds.toFixed(1));
  }, 100);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
