// The last events: of services, of scaling, and changes of alarms, newest first. Pure functions.

import { shortenEvent } from "../services/events.js";

/** Most events that the overview shows. */
const MAX_EVENTS = 60;

/** Returns `[{id, time, kind, source, path, text, count}]` of the range. */
export function joinEvents({ services, activities, history }, { start, end }) {
  const events = [
    ...services.flatMap(({ serviceName, events = [] }) => events.map(({ id, createdAt, message }) => ({
      id, time: createdAt * 1000, kind: "service", source: serviceName, path: servicePath(serviceName), text: shortenEvent(message, serviceName),
    }))),
    ...activities.map((activity) => {
      const service = activity.ResourceId.split("/").at(-1);
      const text = [activity.Description, activity.StatusCode !== "Successful" && `Status: ${activity.StatusCode}.`, `Cause: ${activity.Cause}`];
      return { id: activity.ActivityId, time: activity.StartTime * 1000, kind: "scaling", source: service, path: servicePath(service), text: text.filter(Boolean).join(" ") };
    }),
    ...history.map(({ AlarmName, Timestamp, HistorySummary }) => ({
      id: `${AlarmName} ${Timestamp}`, time: Timestamp * 1000, kind: "alarm", source: AlarmName,
      path: `/console/alarms/${encodeURIComponent(AlarmName)}`, text: HistorySummary,
    })),
  ];
  return joinEqual(events.filter(({ time }) => time >= start && time <= end).sort((a, b) => b.time - a.time)).slice(0, MAX_EVENTS);
}

/** Equal events within this time are one with a count. */
const EQUAL_MS = 5000;

function joinEqual(events) {
  const joined = [];
  for (const event of events) {
    const last = joined.at(-1);
    if (last?.text === event.text && last.source === event.source && last.time - event.time < EQUAL_MS) last.count += 1;
    else joined.push({ ...event, count: 1 });
  }
  return joined;
}

const servicePath = (name) => `/console/services/${encodeURIComponent(name)}`;
