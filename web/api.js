// The client of the site's API. The client measures the duration of each call. Each call is in the request log ("What happened") from its start on.

import { api } from "./config.js";
import { startRequest } from "./request-log.js";

/** A response that takes at least this many milliseconds is slow. The workshop's filter is `responsetime > 1`. */
export const SLOW_MS = 1000;

// Timeouts by method. A POST waits longer than the load balancer's idle timeout of 60 s, so that the load balancer's 504 arrives first.
const TIMEOUTS_MS = { GET: 15_000, POST: 70_000 };

/**
 * Sends one request. `isExpected` checks the body of a 2xx response.
 *
 * The result has the status 0 if the browser cannot read the response, because there is no network, because the timeout
 * has passed, or because the load balancer itself sent the response without a CORS header. The result is marked with
 * `unexpectedBody` if `isExpected` rejects the body of a 2xx response.
 */
async function sendRequest(method, path, isExpected) {
  const startMs = performance.now();
  const finish = startRequest({ method, path, url: api + path });
  const result = { method, path, status: 0, body: null, trace: "", sampled: false };
  try {
    const response = await fetch(api + path, { method, cache: "no-store", signal: AbortSignal.timeout(TIMEOUTS_MS[method]) });
    result.status = response.status;
    const traceHeader = response.headers.get("X-Amzn-Trace-Id") ?? "";
    result.trace = /Root=([\w-]+)/.exec(traceHeader)?.[1] ?? "";
    result.sampled = traceHeader.includes("Sampled=1");
    result.body = await response.json();
  } catch {
    // Without a response, `status` stays 0. If the body is not JSON, `body` stays null.
  }
  const isSuccess = result.status >= 200 && result.status < 300;
  result.ok = isSuccess && isExpected(result.body);
  result.unexpectedBody = isSuccess && !result.ok;
  result.ms = Math.round(performance.now() - startMs);
  result.slow = result.ms >= SLOW_MS;
  finish(result);
  return result;
}

const mysfitPath = (id) => `/mysfits/${encodeURIComponent(id)}`;
const isUpdateSuccess = (body) => body?.Update === "Success";

export const fetchList = (query) => sendRequest("GET", `/mysfits${query}`, (body) => Array.isArray(body?.mysfits));
export const fetchProfile = (id) => sendRequest("GET", mysfitPath(id), (body) => typeof body?.name === "string");
export const sendLike = (id) => sendRequest("POST", `${mysfitPath(id)}/like`, isUpdateSuccess);
export const sendAdoption = (id) => sendRequest("POST", `${mysfitPath(id)}/adopt`, isUpdateSuccess);

/** Awaits a call. After half a second it starts to call `onProgress` with the elapsed seconds, ten times a second. */
export async function awaitWithProgress(call, onProgress) {
  const startMs = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - startMs) / 1000;
    if (seconds > 0.5) onProgress(seconds.toFixed(1));
  }, 100);
  try {
    return await call;
  } finally {
    clearInterval(timer);
  }
}
