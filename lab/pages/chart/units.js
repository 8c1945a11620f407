// Values with their units, in the names of CloudWatch.

import { formatNumber } from "../format.js";

const SECONDS = { Seconds: 1, Milliseconds: 1e-3, Microseconds: 1e-6 };
const BYTES = { Bytes: 1, Kilobytes: 1e3, Megabytes: 1e6, Gigabytes: 1e9 };
const BYTE_SCALES = [[1e9, " GB"], [1e6, " MB"], [1e3, " kB"], [1, " B"]];
/** Seconds of a period as a unit of rates. */
const RATES = { 1: "/s", 60: "/min", 3600: "/h" };

/** The unit of a statistic of a metric with this unit: a sum of counts is a rate. */
export function unitOfStatistic(unit, stat, period) {
  if (stat === "SampleCount" || unit === "None") return undefined;
  return unit === "Count" && stat === "Sum" ? RATES[period] ?? "Count" : unit;
}

/** How values up to `largest` are written: `[factor, suffix]`. */
function scaleOfUnit(unit, largest) {
  if (unit === "Percent") return [1, " %"];
  if (SECONDS[unit]) return largest * SECONDS[unit] >= 1 ? [SECONDS[unit], " s"] : [SECONDS[unit] * 1000, " ms"];
  if (BYTES[unit]) {
    const [scale, suffix] = BYTE_SCALES.find(([least]) => largest * BYTES[unit] >= least) ?? BYTE_SCALES.at(-1);
    return [BYTES[unit] / scale, suffix];
  }
  return [1, Object.values(RATES).includes(unit) ? unit : ""];
}

/** A value with its unit: "24.7 %", "1.76 s". */
export function formatValue(value, unit) {
  const [factor, suffix] = scaleOfUnit(unit, Math.abs(value));
  return `${formatNumber(value * factor)}${suffix}`;
}

/** The texts of the ticks of an axis, all in the same unit, which the last one has. A tick that is null has no text. */
export function tickTexts(ticks, unit) {
  const last = ticks.findLastIndex((tick) => tick !== null);
  const [factor, suffix] = scaleOfUnit(unit, Math.max(...ticks.map(Math.abs)));
  return ticks.map((tick, index) => tick === null ? null : `${formatNumber(tick * factor)}${index === last ? suffix : ""}`);
}
