// Texts for times, durations and numbers.

// Times are local, with 24 hours, in the same form on all pages and for all languages of browsers.
const LOCALE = "en-GB";

/** "13:02:23". */
export const formatTime = (date) => new Date(date).toLocaleTimeString(LOCALE);

/** "13:02", for axes and full minutes. */
export const formatMinute = (date) => new Date(date).toLocaleTimeString(LOCALE, { timeStyle: "short" });

/** "13:02:23.496", for log lines and spans. */
export const formatPreciseTime = (date) => `${formatTime(date)}.${String(new Date(date).getMilliseconds()).padStart(3, "0")}`;

/** "27 Nov". */
export const formatDay = (date) => new Date(date).toLocaleDateString(LOCALE, { day: "numeric", month: "short" });

/** "13:02:23", or "27 Nov 13:02:23" if it is not today. */
export function formatMoment(date) {
  const isToday = new Date(date).toDateString() === new Date().toDateString();
  return isToday ? formatTime(date) : `${formatDay(date)} ${formatTime(date)}`;
}

/** A duration in seconds. */
export function formatDuration(seconds) {
  if (seconds === undefined) return "in progress";
  const whole = Math.round(seconds);
  if (whole >= 120) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
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
