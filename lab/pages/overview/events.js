// The last events: of services, of scaling, and changes of alarms, newest first. Pure functions.

import { shortenEvent } from "../services/events.js";
import { isAlarmOfRest } from "./unusual.js";

/** Most events that the overview shows. */
const MAX_EVENTS = 60;

/** Returns `[{id, time, kind, source, path, text, count}]` of the range. `kind` is "alarm" only if an alarm that is not one of rest went into ALARM. */
export function joinEvents({ services, activities, history, alarms, policies }, { start, end }) {
  const events = [
    ...services.flatMap(({ serviceName, events = [] }) => events.map(({ id, createdAt, message }) => ({
      id, time: createdAt * 1000, kind: "service", source: serviceName, path: servicePath(serviceName), text: shortenEvent(message, serviceName),
    }))),
    ...activities.map((activity) => {
      const service = activity.ResourceId.split("/").at(-1);
      const text = [activity.Description, activity.StatusCode !== "Successful" && `Status: ${activity.StatusCode}.`, `Cause: ${activity.Cause}`];
      return { id: activity.ActivityId, time: activity.StartTime * 1000, kind: "scaling", source: service, path: servicePath(service), text: text.filter(Boolean).join(" ") };
    }),
    ...history.map((change) => alarmEvent(change, alarms, policies)),
  ];
  return joinEqual(events.filter(({ time }) => time >= start && time <= end).sort((a, b) => b.time - a.time)).slice(0, MAX_EVENTS);
}

function alarmEvent({ AlarmName: name, Timestamp, HistorySummary: text }, alarms, policies) {
  const alarm = alarms.find(({ AlarmName }) => AlarmName === name);
  const isSerious = text.endsWith("to ALARM") && !(alarm && isAlarmOfRest(alarm, policies));
  const event = { id: `${name} ${Timestamp}`, time: Timestamp * 1000, kind: isSerious ? "alarm" : "quiet", source: name, path: `/console/alarms/${encodeURIComponent(name)}`, text };
  return isSerious || !text.includes("from INSUFFICIENT_DATA") ? event : { ...event, isFirst: true };
}

/** Equal events within this time are one with a count; first states of alarms are one event. */
const EQUAL_MS = 5000;

function joinEqual(events) {
  const joined = [];
  for (const event of events) {
    const last = joined.at(-1);
    const isNear = last && last.time - event.time < EQUAL_MS;
    if (isNear && last.isFirst && event.isFirst) {
      last.alarms += 1;
      Object.assign(last, { source: `${last.alarms} alarms`, path: "/console/alarms", text: "Have their first state, and none is unusual." });
    } else if (isNear && last.text === event.text && last.source === event.source) last.count += 1;
    else joined.push({ ...event, count: 1, alarms: 1 });
  }
  return joined;
}

const servicePath = (name) => `/console/services/${encodeURIComponent(name)}`;
