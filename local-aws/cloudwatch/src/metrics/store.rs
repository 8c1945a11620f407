//! The store of values. Its memory is limited.

use std::collections::BTreeMap;

use super::{Distribution, Metric, Unit};
use crate::time::Timestamp;

/// How long values are kept, in seconds: 15 days, as AWS keeps values with a period of a minute. Values with shorter periods
/// are kept as long.
pub const RETENTION_SECONDS: i64 = 15 * 24 * 60 * 60;

/// Limits of a store.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most metrics. Another one replaces the metric whose newest value is the oldest.
    pub metrics: usize,
    /// Most values and periods with values. The oldest tenth of the time is removed if there are more. A value needs 16 bytes, a period
    /// about 100.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            metrics: 10_000,
            values: 500_000,
        }
    }
}

/// A selection of values.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Only values with this unit.
    pub unit: Option<Unit>,
    /// The length of the periods in seconds.
    pub period: i64,
    /// Start of the first period, in seconds since the Unix epoch.
    pub start: i64,
    /// End of the values: later values are not selected.
    pub end: i64,
}

/// The values of a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Start of the period, in seconds since the Unix epoch.
    pub start: i64,
    /// The unit of the values.
    pub unit: Unit,
    /// The values.
    pub values: Distribution,
}

/// The values of all metrics.
#[derive(Debug)]
pub struct Store {
    limits: Limits,
    series: BTreeMap<Metric, Series>,
    /// The sum of the sizes of all distributions.
    size: usize,
}

/// The values of a metric, by start of the period in seconds and by unit.
type Series = BTreeMap<(i64, Unit), Distribution>;

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            series: BTreeMap::new(),
            size: 0,
        }
    }

    /// Adds values to the period of `resolution` seconds that contains `time`.
    pub fn add(
        &mut self,
        metric: &Metric,
        unit: Unit,
        time: Timestamp,
        resolution: i64,
        values: &Distribution,
    ) {
        if !self.series.contains_key(metric) {
            self.make_room();
            self.series.insert(metric.clone(), Series::new());
        }
        let Some(series) = self.series.get_mut(metric) else {
            return;
        };
        let start = floor(time.secs(), resolution);
        let kept = series.entry((start, unit)).or_default();
        // An empty distribution was added by `or_default`.
        let size = if kept.count == 0.0 { 0 } else { kept.size() };
        kept.add(values);
        self.size = self.size + kept.size() - size;
        while self.size > self.limits.values && self.remove_oldest() {}
    }

    /// Removes values that are too old.
    pub fn expire(&mut self, now: Timestamp) {
        self.remove_before(now.secs() - RETENTION_SECONDS);
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.series.clear();
        self.size = 0;
    }

    /// The selected values of a metric by period and unit, oldest first.
    pub fn points(&self, metric: &Metric, query: Query) -> Vec<Point> {
        let Query {
            unit,
            period,
            start,
            end,
        } = query;
        let mut points: BTreeMap<_, Distribution> = BTreeMap::new();
        if let Some(series) = self.series.get(metric).filter(|_| start < end) {
            for ((time, of), values) in series.range((start, FIRST_UNIT)..(end, FIRST_UNIT)) {
                if unit.is_none_or(|unit| unit == *of) {
                    let start = start + floor(time - start, period);
                    points.entry((start, *of)).or_default().add(values);
                }
            }
        }
        let points = points.into_iter();
        points
            .map(|((start, unit), values)| Point {
                start,
                unit,
                values,
            })
            .collect()
    }

    /// All metrics, each with the start of its newest period in seconds.
    pub fn metrics(&self) -> impl Iterator<Item = (&Metric, i64)> {
        self.series.iter().map(|(metric, series)| {
            let newest = series.last_key_value();
            (metric, newest.map_or(i64::MIN, |((start, _), _)| *start))
        })
    }

    fn make_room(&mut self) {
        if self.series.len() < self.limits.metrics {
            return;
        }
        let oldest = self.metrics().min_by_key(|(_, newest)| *newest);
        if let Some(metric) = oldest.map(|(metric, _)| metric.clone()) {
            let series = self.series.remove(&metric).unwrap_or_default();
            self.size -= series.values().map(Distribution::size).sum::<usize>();
        }
    }

    /// Removes the values of the oldest tenth of the time, at least of a minute. Returns whether there were newer values.
    ///
    /// A single minute at a time would take a search of all metrics for each new value.
    fn remove_oldest(&mut self) -> bool {
        let times = self.series.values().filter_map(|series| {
            let ((first, _), _) = series.first_key_value()?;
            let ((last, _), _) = series.last_key_value()?;
            Some((*first, *last))
        });
        let (first, last) = times.fold((i64::MAX, i64::MIN), |(first, last), (from, to)| {
            (first.min(from), last.max(to))
        });
        let tenth = last.saturating_sub(first) / 10;
        let end = floor(first, 60).saturating_add(60.max(tenth));
        if end > last {
            return false;
        }
        self.remove_before(end);
        true
    }

    /// Removes the values of periods that start before `start`.
    fn remove_before(&mut self, start: i64) {
        let mut removed = 0;
        self.series.retain(|_, series| {
            while let Some(entry) = series.first_entry() {
                if entry.key().0 >= start {
                    break;
                }
                removed += entry.remove().size();
            }
            !series.is_empty()
        });
        self.size -= removed;
    }
}

/// A unit that no other unit precedes.
const FIRST_UNIT: Unit = Unit("");

/// The greatest multiple of `unit` that is not greater than `seconds`.
pub fn floor(seconds: i64, unit: i64) -> i64 {
    seconds - seconds.rem_euclid(unit)
}

#[cfg(test)]
mod tests;
