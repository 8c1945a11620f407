// What this page knows of each mysfit beyond the list: its likes, whether it is adopted, and how
// this visitor's last like of it went. Cards and the profile show the same.

import * as api from "./api.js";
import { speak } from "./dom.js";
import * as text from "./text.js";

const mysfits = new Map();
const views = [];

export const known = (id) => mysfits.get(id) ?? {};

/** Calls `view` with the id of each mysfit of which something new is known. */
export const watch = (view) => views.push(view);

function learn(id, news) {
  mysfits.set(id, { ...known(id), ...news });
  for (const view of views) view(id);
}

export async function profile(id) {
  const result = await api.profile(id);
  if (result.ok) {
    // An adoption is for good: this answer may be older than the adoption.
    const adopted = known(id).adopted === true || result.body.adopted === true;
    learn(id, { likes: result.body.likes, adopted });
  }
  return result;
}

/** Likes, unless a like of the same mysfit is under way. */
export async function like(id, name) {
  if (known(id).waiting) return;
  learn(id, { waiting: true, seconds: 0, result: null });
  let told = false;
  const result = await api.waiting(api.like(id), (seconds) => {
    learn(id, { seconds });
    if (!told && seconds * 1000 > api.SLOW) {
      told = true;
      speak(text.slowLike(name));
    }
  });
  learn(id, { waiting: false, result });
  speak(text.outcome(name, message(result)));
  if (result.ok) await profile(id);
}

/** Whether nobody can tell if what was asked for was done. A 4xx says that it was not. */
export const doubtful = ({ ok, status }) => !ok && !(status >= 400 && status < 500);

export function message(result) {
  if (result.ok) return text.liked(result, result.slow);
  return doubtful(result) ? text.perhapsLiked(result) : text.notLiked(result);
}

/** Adopts, unless an adoption of the same mysfit is under way; then there is no result. */
export async function adopt(id) {
  if (known(id).adopting) return null;
  learn(id, { adopting: true, adoptingSeconds: 0 });
  const result = await api.waiting(api.adopt(id), (adoptingSeconds) => learn(id, { adoptingSeconds }));
  learn(id, { adopting: false, ...(result.ok && { adopted: true }) });
  return result;
}
