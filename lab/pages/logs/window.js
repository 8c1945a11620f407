// The lines in memory: a part of the search result that grows at both ends. What is too much is dropped at the other end.

/** Maximum number of lines in memory. */
export const MAX_LINES = 20_000;

/** `oldest` and `newest` are the ends of what was read: a time, and the ids of the events of this millisecond. */
export const EMPTY = { lines: [], oldest: undefined, newest: undefined, hasOlder: false, hasNewer: false };

/**
 * Adds events, the oldest first, to the newer end. `read` makes a line of an event, or undefined for one that is not shown. Returns the new window, and
 * how many lines were `added` at the end, `hidden` by `read`, and `dropped` at the start.
 */
export function addNewer(window, events, { hasMore, read, limit = MAX_LINES }) {
  const fresh = withoutKnown(events, window.newest);
  const added = fresh.map(read).filter(Boolean);
  const lines = [...window.lines, ...added];
  const dropped = Math.max(0, lines.length - limit);
  const kept = dropped ? lines.slice(dropped) : lines;
  return {
    window: {
      lines: kept,
      oldest: dropped ? edge(kept, kept[0].time) : window.oldest ?? edgeOf(fresh, fresh[0]),
      newest: mergeEdge(window.newest, edgeOf(fresh, fresh.at(-1))),
      hasOlder: window.hasOlder || dropped > 0,
      hasNewer: hasMore,
    },
    added: added.length,
    hidden: fresh.length - added.length,
    dropped,
  };
}

/** Adds events, the oldest first, to the older end. Returns the new window, and how many lines were `added` at the start and `hidden` by `read`. */
export function addOlder(window, events, { hasMore, read, limit = MAX_LINES }) {
  const fresh = withoutKnown(events, window.oldest);
  const added = fresh.map(read).filter(Boolean);
  const lines = [...added, ...window.lines];
  const dropped = Math.max(0, lines.length - limit);
  const kept = dropped ? lines.slice(0, limit) : lines;
  return {
    window: {
      lines: kept,
      oldest: mergeEdge(window.oldest, edgeOf(fresh, fresh[0])),
      newest: dropped ? edge(kept, kept.at(-1).time) : window.newest ?? edgeOf(fresh, fresh.at(-1)),
      hasOlder: hasMore,
      hasNewer: window.hasNewer || dropped > 0,
    },
    added: added.length,
    hidden: fresh.length - added.length,
    dropped,
  };
}

const withoutKnown = (events, known) => known ? events.filter(({ eventId }) => !known.ids.has(eventId)) : events;

const edge = (lines, time) => ({ time, ids: new Set(lines.filter((line) => line.time === time).map(({ id }) => id)) });

const edgeOf = (events, last) =>
  last && { time: last.timestamp, ids: new Set(events.filter(({ timestamp }) => timestamp === last.timestamp).map(({ eventId }) => eventId)) };

function mergeEdge(old, fresh) {
  if (!old || !fresh) return fresh ?? old;
  return old.time === fresh.time ? { time: old.time, ids: new Set([...old.ids, ...fresh.ids]) } : fresh;
}
