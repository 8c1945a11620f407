// The units of metrics: GetMetricStatistics tells them, GetMetricData does not.

import { cloudwatch } from "../aws.js";
import { metricOf } from "./queries.js";

/** A value of this time is enough. */
const RANGE_SECONDS = 24 * 3600;
const PERIOD_SECONDS = 3600;

const known = new Map();

/** The unit of a metric; undefined as long as it has no value. */
export function loadUnit(metric) {
  const key = JSON.stringify(metric);
  if (!known.has(key)) known.set(key, readUnit(metric).then((unit) => {
    if (!unit) known.delete(key);
    return unit;
  }));
  return known.get(key);
}

async function readUnit(metric) {
  const now = Math.ceil(Date.now() / 1000);
  const request = { ...metricOf(metric), StartTime: now - RANGE_SECONDS, EndTime: now, Period: PERIOD_SECONDS, Statistics: ["SampleCount"] };
  // Without the unit a chart still shows its values.
  const { Datapoints } = await cloudwatch("GetMetricStatistics", request).catch(() => ({ Datapoints: [] }));
  return Datapoints[0]?.Unit;
}
