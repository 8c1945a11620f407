// The evaluation of an alarm, point by point. Source of the rules: AWS's guide "Using Amazon CloudWatch alarms", sections "Evaluating an alarm" and
// "Configuring how CloudWatch alarms treat missing data".

import { formatNumber } from "../format.js";

/** CloudWatch retrieves more periods than it evaluates, in case that data is missing. Its example has 5 for 3; it does not say the number for others. */
const EXTRA_PERIODS = 2;

const OPERATORS = {
  GreaterThanOrEqualToThreshold: { words: "at or above", opposite: "below", isBreaching: (value, threshold) => value >= threshold },
  GreaterThanThreshold: { words: "above", opposite: "at or below", isBreaching: (value, threshold) => value > threshold },
  LessThanThreshold: { words: "below", opposite: "at or above", isBreaching: (value, threshold) => value < threshold },
  LessThanOrEqualToThreshold: { words: "at or below", opposite: "above", isBreaching: (value, threshold) => value <= threshold },
};

export const operatorOf = (alarm) => OPERATORS[alarm.ComparisonOperator];

/** N, M and what a missing point counts as. */
export const ruleOf = (alarm) => ({
  periods: alarm.EvaluationPeriods, needed: alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods,
  missing: alarm.Namespace === "AWS/DynamoDB" ? "ignore" : alarm.TreatMissingData ?? "missing",
});

const isReal = (point) => point.value !== undefined && point.value !== null;

/**
 * The points that decide, oldest first: the newest real ones, and only if there are too few, the newest missing ones. `points` are those of the evaluation
 * range, oldest first: `{time, value}`.
 */
export function decidingPoints(points, periods) {
  let missing = Math.max(0, periods - points.filter(isReal).length);
  return points.toReversed().filter((point) => isReal(point) || missing-- > 0).slice(0, periods).toReversed();
}

/** The state that follows from the points of the evaluation range, oldest first; undefined keeps the present state. */
export function evaluate(alarm, points) {
  const { periods, needed, missing: treatment } = ruleOf(alarm);
  const isBreaching = (point) => isReal(point) && operatorOf(alarm).isBreaching(point.value, alarm.Threshold);
  const deciding = decidingPoints(points, periods);
  const breaching = deciding.filter(isBreaching).length;
  const missing = deciding.filter((point) => !isReal(point)).length;
  const byNumber = (number) => number >= needed ? "ALARM" : "OK";
  if (!missing || treatment === "notBreaching") return byNumber(breaching);
  if (treatment === "breaching") return byNumber(breaching + missing);
  if (breaching >= needed) return "ALARM";
  if (breaching + missing < deciding.length) return "OK";
  if (treatment === "ignore") return undefined;
  if (!breaching) return "INSUFFICIENT_DATA";
  // Every real point is breaching, but they are too few. It is an alarm if the oldest of them is old enough.
  const age = points.length - points.findIndex(isBreaching);
  return age >= needed ? "ALARM" : undefined;
}

/** What a missing point does, and what several do. */
const TREATMENTS = {
  breaching: ["counts as breaching", "count as breaching"], notBreaching: ["counts as not breaching", "count as not breaching"],
  ignore: ["is ignored", "are ignored"], missing: ["is missing", "are missing"],
};

/**
 * Explains points, oldest first: `{points: [{time, value, outcome}], conclusion}`. `state` is the state that followed.
 */
export function explain(alarm, points, state) {
  const operator = operatorOf(alarm);
  const { periods, needed, missing: treatment } = ruleOf(alarm);
  const deciding = decidingPoints(points, periods);
  const threshold = formatNumber(alarm.Threshold);
  const explained = deciding.map((point) => {
    if (!isReal(point)) return { ...point, isMissing: true, outcome: `no value: ${TREATMENTS[treatment][0]}` };
    const isBreaching = operator.isBreaching(point.value, alarm.Threshold);
    return { ...point, isBreaching, outcome: isBreaching ? `${operator.words} ${threshold}: breaching` : `${operator.opposite} ${threshold}: not breaching` };
  });
  const breaching = explained.filter((point) => point.isBreaching).length;
  const missing = explained.filter((point) => point.isMissing).length;
  const parts = [`${breaching} of ${count(explained.length, "point")} ${operator.words} ${threshold}`];
  if (missing) parts.push(`${missing} without a value, which ${TREATMENTS[treatment][missing === 1 ? 0 : 1]}`);
  return { points: explained, conclusion: `${parts.join(", ")}. ${outcome(state, needed, periods)}` };
}

function outcome(state, needed, periods) {
  const rule = `ALARM needs ${needed} of ${periods}`;
  if (state === "ALARM") return `${rule}: the state is ALARM.`;
  if (state === "OK") return `${rule}: the state is OK.`;
  if (state === "INSUFFICIENT_DATA") return "Without values the state is INSUFFICIENT_DATA.";
  return `${rule}. The points do not decide, so the state stays.`;
}

export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** The points of `StateReasonData`, oldest first, or undefined: a state that somebody has set has none. */
export function recordedPoints(alarm) {
  let data;
  try {
    data = JSON.parse(alarm.StateReasonData ?? "null");
  } catch {
    return undefined;
  }
  const points = data?.evaluatedDatapoints;
  return Array.isArray(points) ? points.map(({ timestamp, value }) => ({ time: Date.parse(timestamp), value })).toReversed() : undefined;
}

/** The evaluation range at `now`, in milliseconds: it ends at the last whole minute, or at the last whole shorter period. */
export function evaluationRange(alarm, periodSeconds, now) {
  const step = Math.min(periodSeconds, 60) * 1000;
  const end = Math.floor(now / step) * step;
  const seconds = (alarm.EvaluationPeriods + EXTRA_PERIODS) * periodSeconds;
  return { start: end - seconds * 1000, end, seconds };
}

/** The points of an evaluation range, oldest first, from a series of the alarm's metric. */
export function presentPoints(series, periodSeconds, { start, end }) {
  const known = new Map(series?.times.map((time, index) => [time, series.values[index]]));
  const points = [];
  for (let time = start; time < end; time += periodSeconds * 1000) points.push({ time, value: known.get(time) });
  return points;
}
