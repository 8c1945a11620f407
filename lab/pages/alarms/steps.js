// The steps of a step scaling policy. Source of the rules: the guide of Application Auto Scaling, "How step scaling works".

import { formatNumber } from "../format.js";

const signed = (number) => number > 0 ? `+${number}` : String(number).replace("-", "−");

/** What a step does, in words. */
export function adjustmentText(adjustment, type) {
  const tasks = Math.abs(adjustment) === 1 ? "task" : "tasks";
  if (type === "ExactCapacity") return `${adjustment} ${tasks}`;
  return type === "PercentChangeInCapacity" ? `${signed(adjustment)} %` : `${signed(adjustment)} ${tasks}`;
}

/** Whether a policy is for values below the threshold: no step has a positive bound. */
const isBelow = (steps) => steps.every(({ MetricIntervalUpperBound: upper }) => upper !== undefined && upper <= 0);

/**
 * The intervals of the metric in which a step applies, ascending: `{from, to, adjustment, text}`. The bounds of steps count from `threshold`. Above the
 * threshold an interval includes its lower bound, below it its upper bound.
 */
export function intervalsOf(steps, threshold) {
  const isLow = isBelow(steps);
  const position = ({ MetricIntervalLowerBound: lower }) => lower ?? -Infinity;
  return steps.toSorted((a, b) => position(a) - position(b)).map((step) => {
    const from = threshold + (step.MetricIntervalLowerBound ?? -Infinity);
    const to = threshold + (step.MetricIntervalUpperBound ?? Infinity);
    return { from, to, adjustment: step.ScalingAdjustment, text: intervalText(from, to, isLow, isLow && to < threshold) };
  });
}

function intervalText(from, to, isLow, isUpperIncluded) {
  if (to === Infinity) return `${isLow ? "above" : "from"} ${formatNumber(from)}`;
  if (from === -Infinity) return `${isUpperIncluded ? "up to" : "below"} ${formatNumber(to)}`;
  return `${isLow ? "above" : "from"} ${formatNumber(from)} ${isUpperIncluded ? "to" : "to below"} ${formatNumber(to)}`;
}

/** The interval that contains a value, or undefined. */
export function intervalAt(intervals, value, threshold) {
  const isHigh = value > threshold || (value === threshold && intervals.some(({ from }) => from === threshold));
  return intervals.find(({ from, to }) => isHigh ? from <= value && value < to : from < value && value <= to);
}

/** Why AWS would refuse steps, or undefined. */
export function problemOfSteps(steps) {
  if (!steps.length) return "A policy has at least one step.";
  if (steps.some(({ ScalingAdjustment }) => !Number.isInteger(ScalingAdjustment))) return "Each step has a whole number of tasks or percent.";
  const sorted = steps.toSorted((a, b) => (a.MetricIntervalLowerBound ?? -Infinity) - (b.MetricIntervalLowerBound ?? -Infinity));
  if (sorted.some(({ MetricIntervalLowerBound: lower = -Infinity, MetricIntervalUpperBound: upper = Infinity }) => !(lower < upper))) return "The lower bound of a step is less than its upper bound.";
  const isJoined = sorted.slice(1).every(({ MetricIntervalLowerBound: lower }, index) => lower === sorted[index].MetricIntervalUpperBound);
  return isJoined ? undefined : "Steps follow each other without gaps and overlaps.";
}
