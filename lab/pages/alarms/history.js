// The history of an alarm as bands of states.

import { stateName } from "./names.js";

/** Reads the JSON text of an item. */
export function readData(item) {
  try {
    return JSON.parse(item.HistoryData ?? "{}");
  } catch {
    return {};
  }
}

/** The time of a timestamp of the API in milliseconds. */
export const timeOf = ({ Timestamp }) => Timestamp * 1000;

/**
 * The states from `start` to `end` as bands, oldest first. `updates` are the items of the type StateUpdate, and `items` those of all types, newest first. The
 * state before the first known change is the old state of that change, and begins when the alarm was created, if the history has that.
 */
export function bandsOf(updates, items, alarm, start, end) {
  const changes = updates.toReversed();
  const created = items.find((item) => item.HistoryItemType === "ConfigurationUpdate" && readData(item).type === "Create");
  const begin = Math.max(start, created ? timeOf(created) : start);
  const states = changes.length
    ? [{ time: -Infinity, state: readData(changes[0]).oldState?.stateValue }, ...changes.map((item) => ({ time: timeOf(item), state: readData(item).newState?.stateValue, reason: readData(item).newState?.stateReason }))]
    : [{ time: -Infinity, state: alarm.StateValue, reason: alarm.StateReason }];
  return states.map(({ time, state, reason }, index) => ({
    start: Math.max(time, begin), end: Math.min(states[index + 1]?.time ?? end, end), state, text: `${stateName(state)}${reason ? `: ${reason}` : ""}`,
  })).filter((band) => band.state && band.start < band.end);
}

/** Joins successive items with the same summary, as an action of Auto Scaling repeats each minute: `{item, times, since}`. */
export function joinRepeats(items) {
  const joined = [];
  for (const item of items) {
    const last = joined.at(-1);
    if (last && last.item.HistorySummary === item.HistorySummary && last.item.HistoryItemType === item.HistoryItemType) Object.assign(last, { times: last.times + 1, since: timeOf(item) });
    else joined.push({ item, times: 1, since: timeOf(item) });
  }
  return joined;
}
