// The state of each mysfit: its likes, its adoption, and the result of this visitor's last like. The API's list of
// mysfits contains neither likes nor adoptions. Cards and the profile show the state.

import * as api from "./api.js";
import { announce } from "./dom.js";
import * as text from "./text.js";

const states = new Map();
const listeners = [];

/** The state of a mysfit: `likes`, `adopted`, `adopting`, `adoptingSeconds`, `waiting`, `seconds` and `result`. Unknown values are missing. */
export const getState = (id) => states.get(id) ?? {};

/** Registers `listener`, which is called with the id of each mysfit whose state changes. */
export const onChange = (listener) => listeners.push(listener);

function updateState(id, changes) {
  states.set(id, { ...getState(id), ...changes });
  for (const listener of listeners) listener(id);
}

/** Requests a profile and stores its likes and its adoption. */
export async function loadProfile(id) {
  const result = await api.fetchProfile(id);
  if (result.ok) {
    // An adoption is permanent. A response can be older than the adoption, so `adopted` never changes from true to false.
    const adopted = getState(id).adopted === true || result.body.adopted === true;
    updateState(id, { likes: result.body.likes, adopted });
  }
  return result;
}

/** Sends a like, unless a like of the same mysfit is in progress. */
export async function like(id, name) {
  if (getState(id).waiting) return;
  updateState(id, { waiting: true, seconds: 0, result: null });
  let isSlowAnnounced = false;
  const result = await api.awaitWithProgress(api.sendLike(id), (seconds) => {
    updateState(id, { seconds });
    if (!isSlowAnnounced && seconds * 1000 > api.SLOW_MS) {
      isSlowAnnounced = true;
      announce(text.likeIsSlow(name));
    }
  });
  updateState(id, { waiting: false, result });
  announce(text.likeOutcome(name, describeResult(result)));
  if (result.ok) await loadProfile(id);
}

/** Whether a failed request may have been carried out. After a 4xx the request certainly was not carried out. */
export const isOutcomeUnknown = ({ ok, status }) => !ok && !(status >= 400 && status < 500);

/** Describes the result of a like. */
export function describeResult(result) {
  if (result.ok) return text.likeSucceeded(result);
  return isOutcomeUnknown(result) ? text.likeUncertain(result) : text.likeFailed(result);
}

/** Adopts a mysfit. Returns null without a request if an adoption of the same mysfit is in progress. */
export async function adopt(id) {
  if (getState(id).adopting) return null;
  updateState(id, { adopting: true, adoptingSeconds: 0 });
  const result = await api.awaitWithProgress(api.sendAdoption(id), (adoptingSeconds) => updateState(id, { adoptingSeconds }));
  updateState(id, { adopting: false, ...(result.ok && { adopted: true }) });
  return result;
}
