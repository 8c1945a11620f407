// Checks of steps, and their last results. The lab stores no results: this browser does, because a check of all steps takes a while.

import { merge } from "./progress.js";

const KEY = "guide-results";

/** The last results by the ids of the steps. */
export function readResults() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

/** Checks a step such as `2.1`, or the steps of a lab such as `2`, and returns their results. Throws an error with a text for the reader. */
export async function checkSteps(steps) {
  const response = await fetch(`/lab/check/${steps}`, { method: "POST" }).catch(() => { throw new Error("The lab does not answer."); });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  localStorage.setItem(KEY, JSON.stringify(merge(readResults(), body, Date.now())));
  return body;
}
