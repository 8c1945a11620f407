// Keeps the answer of slow queries for some seconds, so that a page can refresh the rest more often.

/** Returns `load` with its last answer kept for `maxAgeMs`, or until the time range changes. A failed call is not kept. */
export function cached(load, maxAgeMs) {
  let last;
  return async (range) => {
    const key = range.isCustom ? `${range.start} ${range.end}` : range.seconds;
    if (last?.key === key && performance.now() - last.time < maxAgeMs) return last.answer;
    const entry = { key, time: performance.now(), answer: load(range) };
    last = entry;
    entry.answer.catch(() => { if (last === entry) last = undefined; });
    return entry.answer;
  };
}
