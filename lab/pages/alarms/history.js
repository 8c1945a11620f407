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
 * The states from `start` to `end` as bands, oldest first. `items` are those of DescribeAlarmHistory, newest first; the state before the first known change
 * is the old state of that change, and begins when the alarm was created, if the history has that.
 */
export function bandsOf(items, alarm, start, end) {
  const changes = items.filter(({ HistoryItemType }) => HistoryItemType === "StateUpdate").toReversed();
  const created = items.find((item) => item.HistoryItemType === "ConfigurationUpdate" && readData(item).type === "Create");
  const begin = Math.max(start, created ? timeOf(created) : start);
  const states = changes.length
    ? [{ time: -Infinity, state: readData(changes[0]).oldState?.stateValue }, ...changes.map((item) => ({ time: timeOf(item), state: readData(item).newState?.stateValue, reason: readData(item).newState?.stateReason }))]
    : [{ time: -Infinity, state: alarm.StateValue, reason: alarm.StateReason }];
  return states.map(({ time, state, reason }, index) => ({
    start: Math.max(time, begin), end: Math.min(states[index + 1]?.time ?? end, end), state, text: `${stateName(state)}${reason ? `: ${reason}` : ""}`,
  })).filter((band) => band.state && band.start < band.end);
}
