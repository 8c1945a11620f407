// The state of each mysfit that is not in the API's list: its likes, whether it is adopted, and the result of this
// visitor's last like. Cards and the profile show this state.

import * as api from "./api.js";
import { announce } from "./dom.js";
import * as text from "./text.js";

const states = new Map();
const listeners = [];

export const stateOf = (id) => states.get(id) ?? {};

/** Registers `listener`, which is called with the id of each mysfit whose state changes. */
export const onChange = (listener) => listeners.push(listener);

function update(id, changes) {
  states.set(id, { ...stateOf(id), ...changes });
  for (const listener of listeners) listener(id);
}

/** Requests a profile and stores its likes and its adoption. */
export async function loadProfile(id) {
  const result = await api.fetchProfile(id);
  if (result.ok) {
    // An adoption is permanent. This response can be older than the adoption, so `adopted` never returns to false.
    const adopted = stateOf(id).adopted === true || result.body.adopted === true;
    update(id, { likes: result.body.likes, adopted });
  }
  return result;
}

/** Sends a like, unless a like of the same mysfit is in progress. */
export async function like(id, name) {
  if (stateOf(id).waiting) return;
  update(id, { waiting: true, seconds: 0, result: null });
  let announced = false;
  const result = await api.awaitWithProgress(api.sendLike(id), (seconds) => {
    update(id, { seconds });
    if (!announced && seconds * 1000 > api.SLOW_MS) {
      announced = true;
      announce(text.slowLike(name));
    }
  });
  update(id, { waiting: false, result });
  announce(text.outcome(name, describeResult(result)));
  if (result.ok) await loadProfile(id);
}

/** Whether a failed request may have been carried out. After a 4xx it certainly was not. */
export const isOutcomeUnknown = ({ ok, status }) => !ok && !(status >= 400 && status < 500);

export function describeResult(result) {
  if (result.ok) return text.liked(result, result.slow);
  return isOutcomeUnknown(result) ? text.outcomeUnknown(result) : text.notLiked(result);
}

/** Adopts a mysfit. Returns null without a request if an adoption of the same mysfit is in progress. */
export async function adopt(id) {
  if (stateOf(id).adopting) return null;
  update(id, { adopting: true, adoptingSeconds: 0 });
  const result = await api.awaitWithProgress(api.sendAdoption(id), (adoptingSeconds) => update(id, { adoptingSeconds }));
  update(id, { adopting: false, ...(result.ok && { adopted: true }) });
  return result;
}
