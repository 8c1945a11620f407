// Texts for times, durations and numbers.

export const formatTime = (date) => new Date(date).toLocaleTimeString();

/** The date, too, if it is not today. */
export function formatMoment(date) {
  const moment = new Date(date);
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? moment.toLocaleTimeString() : moment.toLocaleString();
}

/** A duration in seconds. */
export function formatDuration(seconds) {
  if (seconds === undefined) return "in progress";
  if (seconds >= 120) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
}

/** "12 s ago", "3 min ago". */
export function formatAge(date, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - new Date(date)) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3600)} h ago`;
}

/** A number with at most three significant digits after rounding, and separators for thousands. */
export const formatNumber = (number) =>
  Math.abs(number) >= 100 ? Math.round(number).toLocaleString() : Number(number.toPrecision(3)).toLocaleString();

export const formatPercent = (share) => `${formatNumber(share * 100)} %`;

/** The last part of an ARN. */
export const shortName = (arn) => arn.split("/").at(-1);
