// Repeats the queries of a page while it is live, and says how old the shown data is.

import { NoResponseError, describeError } from "./aws.js";
import { isLive, onRangeChange, readRange } from "./range.js";
import { setStatus } from "./frame.js";
import { formatTime } from "./format.js";

/** After a slow refresh, the next one starts after this multiple of its duration, so that a page never occupies the lab. */
const DURATION_FACTOR = 4;

/**
 * Calls `load(range)` now, when the range changes, and while the page is live and visible every `intervalMs`. `load` queries, and returns a function that
 * shows the result; results of an outdated call are dropped. Returns a function that refreshes at once.
 */
export function poll(load, intervalMs = 2000) {
  let newest = 0;
  let timer;
  let shownAt;
  async function refresh() {
    clearTimeout(timer);
    const number = ++newest;
    const startMs = performance.now();
    try {
      const show = await load(readRange());
      if (number !== newest) return;
      show?.();
      shownAt = new Date();
      setStatus(isLive() ? `Live. Updated at ${formatTime(shownAt)}.` : `Updated at ${formatTime(shownAt)}.`);
    } catch (error) {
      if (number !== newest) return;
      const words = describeError(error);
      const reason = words ?? String(error);
      const isAway = error instanceof NoResponseError;
      const texts = [reason, shownAt && `The page shows the state of ${formatTime(shownAt)}.`, isAway && "Start the lab with “cargo run”: the page then goes on."];
      setStatus(texts.filter(Boolean).join(" "), true, isAway);
      if (!words) console.error(error);
    }
    if (isLive()) timer = setTimeout(waitUntilVisible, Math.max(intervalMs, DURATION_FACTOR * (performance.now() - startMs)));
  }
  const waitUntilVisible = () => document.hidden ? document.addEventListener("visibilitychange", refresh, { once: true }) : refresh();
  onRangeChange(refresh);
  refresh();
  return refresh;
}
