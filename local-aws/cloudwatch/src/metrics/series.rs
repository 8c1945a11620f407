//! The values of a metric in chunks of an hour. Readers share the chunks, so that they compute without the lock of the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Distribution, Unit};

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

/// The time in a chunk in seconds. While a reader has a chunk, a new value copies it, so chunks are short.
const CHUNK_SECONDS: i64 = 60 * 60;

/// The values of a metric.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// By start in seconds. No chunk is empty.
    chunks: BTreeMap<i64, Arc<Chunk>>,
}

/// Values by start of the period in seconds and by unit.
type Chunk = BTreeMap<(i64, Unit), Distribution>;

impl Series {
    /// Adds values to the period that begins at `start`. Returns the size of the period before and after.
    pub fn add(&mut self, start: i64, unit: Unit, values: &Distribution) -> (usize, usize) {
        let chunk = self.chunks.entry(floor(start, CHUNK_SECONDS)).or_default();
        let kept = Arc::make_mut(chunk).entry((start, unit)).or_default();
        // An empty distribution was added by `or_default`.
        let before = if kept.count == 0.0 { 0 } else { kept.size() };
        kept.add(values);
        (before, kept.size())
    }

    /// The starts of the oldest and of the newest period. `None` if there are no values.
    pub fn range(&self) -> Option<(i64, i64)> {
        let (_, first) = self.chunks.first_key_value()?;
        let (_, last) = self.chunks.last_key_value()?;
        let ((first, _), _) = first.first_key_value()?;
        let ((last, _), _) = last.last_key_value()?;
        Some((*first, *last))
    }

    pub fn size(&self) -> usize {
        self.chunks.values().map(|chunk| size_of(chunk)).sum()
    }

    /// Removes the values of periods that start before `start`. Returns their size.
    pub fn remove_before(&mut self, start: i64) -> usize {
        let mut removed = 0;
        while let Some(mut entry) = self.chunks.first_entry() {
            if entry.key() + CHUNK_SECONDS <= start {
                removed += size_of(&entry.remove());
                continue;
            }
            let first = entry.get().first_key_value();
            if first.is_some_and(|((first, _), _)| *first < start) {
                let chunk = Arc::make_mut(entry.get_mut());
                let kept = chunk.split_off(&(start, Unit::FIRST));
                removed += size_of(&std::mem::replace(chunk, kept));
                if chunk.is_empty() {
                    entry.remove();
                }
            }
            break;
        }
        removed
    }

    /// The chunks that can have values from `start` to before `end`, in seconds. They are shared, not copied.
    pub fn between(&self, start: i64, end: i64) -> Self {
        if start >= end {
            return Self::default();
        }
        let chunks = self.chunks.range(floor(start, CHUNK_SECONDS)..end);
        Self {
            chunks: chunks
                .map(|(start, chunk)| (*start, Arc::clone(chunk)))
                .collect(),
        }
    }

    /// The selected values by period and unit, oldest first.
    pub fn points(&self, query: Query) -> Vec<Point> {
        let Query {
            unit,
            period,
            start,
            end,
        } = query;
        let mut points: BTreeMap<_, Distribution> = BTreeMap::new();
        let values = self.chunks.values().flat_map(|chunk| chunk.iter());
        for ((time, of), values) in values {
            if (start..end).contains(time) && unit.is_none_or(|unit| unit == *of) {
                let start = start + floor(time - start, period);
                points.entry((start, *of)).or_default().add(values);
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
}

fn size_of(chunk: &Chunk) -> usize {
    chunk.values().map(Distribution::size).sum()
}

/// The greatest multiple of `unit` that is not greater than `seconds`.
pub fn floor(seconds: i64, unit: i64) -> i64 {
    seconds - seconds.rem_euclid(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Query = Query {
        unit: None,
        period: 60,
        start: 0,
        end: 100_000,
    };

    fn series(minutes: std::ops::Range<i64>) -> Series {
        let mut series = Series::default();
        for minute in minutes {
            series.add(minute * 60, Unit::COUNT, &Distribution::of(1.0, 1.0));
        }
        series
    }

    fn starts(series: &Series) -> Vec<i64> {
        series.points(ALL).iter().map(|point| point.start).collect()
    }

    #[test]
    fn what_a_reader_has_does_not_change_when_values_are_added_and_removed() {
        let mut kept = series(0..130);
        let read = kept.between(60, 7200);
        kept.add(60, Unit::COUNT, &Distribution::of(5.0, 1.0));
        kept.remove_before(7200);
        assert_eq!(starts(&kept).len(), 10);
        let point = &read.points(ALL)[1];
        assert_eq!((point.start, point.values.sum), (60, 1.0));
        assert_eq!(starts(&read).len(), 120);
    }

    #[test]
    fn values_are_removed_before_any_time_within_an_hour() {
        for first in [1, 59, 60, 61, 119, 120, 129] {
            let mut kept = series(0..130);
            let (all, removed) = (kept.size(), kept.remove_before(first * 60));
            let expected: Vec<_> = (first..130).map(|minute| minute * 60).collect();
            assert_eq!(starts(&kept), expected, "{first}");
            assert_eq!(kept.range(), Some((first * 60, 129 * 60)));
            assert_eq!(removed + kept.size(), all);
        }
        let mut kept = series(0..130);
        kept.remove_before(130 * 60);
        assert_eq!((kept.range(), kept.size()), (None, 0));
    }
}
