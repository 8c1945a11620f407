//! The store of values. Its memory is limited.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::series::{Series, floor};
use super::{Distribution, Metric, Unit};
use crate::time::Timestamp;

/// How long values are kept, in seconds: 15 days, as AWS keeps values with a period of a minute. Values with shorter periods
/// are kept as long.
pub const RETENTION_SECONDS: i64 = 15 * 24 * 60 * 60;

/// Limits of a store.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most metrics. Another one replaces the metric whose newest value is the oldest, or the oldest hundredth of many metrics.
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

/// The values of all metrics.
#[derive(Debug)]
pub struct Store {
    limits: Limits,
    series: BTreeMap<Arc<Metric>, Series>,
    /// The sum of the sizes of all distributions.
    size: usize,
}

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
        let start = floor(time.secs(), resolution);
        if !self.series.contains_key(metric) {
            self.make_room();
        }
        let series = match self.series.get_mut(metric) {
            Some(series) => series,
            None => self.series.entry(Arc::new(metric.clone())).or_default(),
        };
        let (before, after) = series.add(start, unit, values);
        self.size = self.size + after - before;
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

    /// The values of a metric from `start` to before `end`, in seconds. They are shared, not copied.
    pub fn series(&self, metric: &Metric, start: i64, end: i64) -> Series {
        let series = self.series.get(metric);
        series.map_or_else(Series::default, |series| series.between(start, end))
    }

    /// All metrics, each with the start of its newest period in seconds.
    pub fn metrics(&self) -> impl Iterator<Item = (&Arc<Metric>, i64)> {
        self.series.iter().map(|(metric, series)| {
            let range = series.range();
            (metric, range.map_or(i64::MIN, |(_, newest)| newest))
        })
    }

    /// Removes metrics if there are as many as allowed. One search of all metrics makes room for many new ones.
    fn make_room(&mut self) {
        if self.series.len() < self.limits.metrics {
            return;
        }
        let metrics = self.metrics();
        let mut metrics: Vec<_> = metrics
            .map(|(metric, newest)| (newest, Arc::clone(metric)))
            .collect();
        metrics.sort_by_key(|(newest, _)| *newest);
        let number = (self.limits.metrics / 100).max(1);
        for (_, metric) in metrics.iter().take(number) {
            let series = self.series.remove(metric).unwrap_or_default();
            self.size -= series.size();
        }
    }

    /// Removes the values of the oldest tenth of the time, at least of a minute. Returns whether there were newer values.
    ///
    /// A single minute at a time would take a search of all metrics for each new value.
    fn remove_oldest(&mut self) -> bool {
        let times = self.series.values().filter_map(Series::range);
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
            removed += series.remove_before(start);
            series.range().is_some()
        });
        self.size -= removed;
    }
}

#[cfg(test)]
mod tests;
