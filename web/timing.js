// The timing of requests: how long the browser waited before it sent a request, and how long the server took until its response began.

/** Requests whose timing is not known yet, the oldest first. A request that failed has none. */
const pending = [];

/** Maximum number of such requests. */
const MAX_PENDING = 50;

new PerformanceObserver((list) => list.getEntries().forEach(passOn)).observe({ type: "resource" });

/** Calls `onTiming(browserMs, serverMs)` when the browser has the timing of the request to `url` that starts now. */
export function watchTiming(url, onTiming) {
  pending.push({ name: new URL(url, location.href).href, startMs: performance.now(), onTiming });
  if (pending.length > MAX_PENDING) pending.shift();
}

function passOn({ name, startTime, requestStart, responseStart }) {
  // Requests of the same URL start one after another: the entry belongs to the last one that was started before it. Browsers round both times.
  const index = pending.findLastIndex((request) => request.name === name && request.startMs <= startTime + 1);
  if (index < 0) return;
  const [{ onTiming }] = pending.splice(index, 1);
  // The API permits pages of other origins to see the times by Timing-Allow-Origin. Without the header they are 0.
  if (requestStart && responseStart) onTiming(Math.round(requestStart - startTime), Math.round(responseStart - requestStart));
}
