import { api } from "./config.js";

// One timed call. `status` is 0 when the browser may not or cannot read the answer:
// no network, no CORS header, or a deadline that passed.
async function call(path, options) {
  const start = performance.now();
  const result = { status: 0, ok: false, body: null };
  try {
    const response = await fetch(api + path, options);
    result.status = response.status;
    result.ok = response.ok;
    result.body = await response.json();
  } catch {
    result.ok = false;
  }
  result.ms = Math.round(performance.now() - start);
  return result;
}

const read = (path) => call(path, { cache: "no-store", signal: AbortSignal.timeout(15_000) });

async function post(path) {
  const result = await call(path, { method: "POST" });
  result.ok &&= result.body?.Update === "Success";
  return result;
}

const at = (id) => `/mysfits/${encodeURIComponent(id)}`;

export async function list(query) {
  const result = await read(`/mysfits${query}`);
  result.ok &&= Array.isArray(result.body?.mysfits);
  return result;
}

export async function profile(id) {
  const result = await read(at(id));
  result.ok &&= typeof result.body?.name === "string";
  return result;
}

export const like = (id) => post(`${at(id)}/like`);
export const adopt = (id) => post(`${at(id)}/adopt`);

// What happened, in words: nothing is called a success unless its body says so.
export function describe({ status, ok, ms }, done) {
  if (ok) return `${done} in ${ms} ms`;
  if (status === 0) return `no readable answer after ${ms} ms`;
  const unexpected = status >= 200 && status < 300 ? " with an unexpected body" : "";
  return `failed: ${status}${unexpected} after ${ms} ms`;
}

// Awaits a call; once that takes more than half a second, `tick` is told the seconds so far.
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
