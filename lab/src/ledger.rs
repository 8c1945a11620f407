//! The ledger: what really happened to each request that a fault touched, and what faults changed in the system.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Maximum number of kept records.
const MAX_RECORDS: usize = 100_000;

/// The records among which those of a request are looked for when it has ended. Exams have a few requests per second.
const RECENT_RECORDS: usize = 1_000;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A request that a fault touched.
    Request,
    /// A change that a fault made to the system.
    Change,
}

/// A record of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The number of the record, from 1. Numbers go on after the ledger was cleared.
    pub sequence: u64,
    #[serde(flatten)]
    pub entry: Entry,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When the request arrived or the change was made, in Unix seconds, in steps of a millisecond.
    pub time: f64,
    pub kind: Kind,
    /// The trace id in X-Ray's form, if the request has one.
    pub trace_id: Option<String>,
    /// The id of the ECS task, 32 hexadecimal digits.
    pub task: Option<String>,
    /// The short name of the service, `dynamodb` or `load-balancer`.
    pub service: String,
    pub mechanism: String,
    /// The parameters of the mechanism: an object.
    pub parameters: Value,
    /// The status of the response; `None` if there was no response, or if the lab did not see it.
    pub status: Option<u16>,
    /// The time from the arrival of the request to its response or its end; `None` if the lab did not see it.
    pub milliseconds: Option<f64>,
}

/// The newest records. Clones are the same.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    kept: VecDeque<Record>,
    /// The sequence number of the last record.
    last: u64,
    /// The number of records that are missing.
    dropped: u64,
}

impl Records {
    fn push(&mut self, entry: Entry) {
        self.last += 1;
        let sequence = self.last;
        self.kept.push_back(Record { sequence, entry });
        if self.kept.len() > MAX_RECORDS {
            self.kept.pop_front();
            self.dropped += 1;
        }
    }
}

impl Ledger {
    /// Adds a record. The oldest one beyond the limit is dropped.
    pub fn push(&self, entry: Entry) {
        self.lock().push(entry);
    }

    /// Adds a record of a request, or counts the request in the recent record of the same trace and mechanism: the parameter
    /// `requests`.
    pub fn push_once(&self, mut entry: Entry) {
        let mut records = self.lock();
        let mut recent = records.kept.iter_mut().rev().take(RECENT_RECORDS);
        let is_same = |known: &&mut Record| {
            entry.trace_id.is_some()
                && known.entry.trace_id == entry.trace_id
                && known.entry.mechanism == entry.mechanism
        };
        if let Some(known) = recent.find(is_same) {
            let requests = known.entry.parameters["requests"].as_u64().unwrap_or(1);
            known.entry.parameters["requests"] = json!(requests + 1);
            return;
        }
        entry.parameters["requests"] = json!(1);
        records.push(entry);
    }

    /// Counts records that a task could not send.
    pub fn count_lost(&self, count: u64) {
        let mut records = self.lock();
        records.dropped = records.dropped.saturating_add(count);
    }

    /// At most `limit` records with numbers above `after`, oldest first, and the number of records since the last
    /// [`clear`](Self::clear) that are missing.
    pub fn page(&self, after: u64, limit: usize) -> (Vec<Record>, u64) {
        let records = self.lock();
        let start = records.kept.partition_point(|it| it.sequence <= after);
        let page = records.kept.range(start..).take(limit);
        (page.cloned().collect(), records.dropped)
    }

    /// All records with numbers above `after`, as [`page`](Self::page) returns them.
    pub fn records(&self, after: u64) -> (Vec<Record>, u64) {
        self.page(after, MAX_RECORDS)
    }

    /// The number of the last record (0 before the first one), and the number of records that are missing.
    pub fn counts(&self) -> (u64, u64) {
        let records = self.lock();
        (records.last, records.dropped)
    }

    /// Adds what the client saw to the recent records of a request that have no status.
    pub fn complete(&self, trace_id: &str, status: Option<u16>, milliseconds: f64) {
        let mut records = self.lock();
        for Record { entry, .. } in records.kept.iter_mut().rev().take(RECENT_RECORDS) {
            if entry.trace_id.as_deref() == Some(trace_id) && entry.status.is_none() {
                entry.status = status;
                entry.milliseconds = Some(milliseconds);
            }
        }
    }

    /// Removes all records.
    pub fn clear(&self) {
        let mut records = self.lock();
        records.kept.clear();
        records.dropped = 0;
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(time: f64) -> Entry {
        Entry {
            time,
            kind: Kind::Request,
            trace_id: None,
            task: None,
            service: "like-service".to_owned(),
            mechanism: "stress".to_owned(),
            parameters: json!({"cpu_ms": 5}),
            status: Some(200),
            milliseconds: Some(5.5),
        }
    }

    fn sequences(records: &[Record]) -> Vec<u64> {
        records.iter().map(|record| record.sequence).collect()
    }

    #[test]
    fn records_are_numbered_from_1_and_the_numbers_go_on_after_a_clear() {
        let ledger = Ledger::default();
        for time in [1.0, 2.0, 3.0] {
            ledger.push(entry(time));
        }
        ledger.count_lost(4);
        assert_eq!(ledger.counts(), (3, 4));
        let (records, dropped) = ledger.records(1);
        assert_eq!((sequences(&records), dropped), (vec![2, 3], 4));
        assert_eq!(
            records[0],
            Record {
                sequence: 2,
                entry: entry(2.0),
            }
        );
        assert_eq!(sequences(&ledger.page(0, 2).0), [1, 2]);
        ledger.clear();
        assert_eq!(ledger.records(0), (Vec::new(), 0));
        ledger.push(entry(4.0));
        assert_eq!(sequences(&ledger.records(0).0), [4]);
        assert_eq!(sequences(&ledger.records(u64::MAX).0), [] as [u64; 0]);
    }

    #[test]
    fn requests_of_one_trace_at_the_same_time_are_one_record() {
        let ledger = Ledger::default();
        let (threads, traces) = (8, 200);
        let barrier = std::sync::Barrier::new(threads);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for trace in 0..traces {
                        let trace_id = Some(trace.to_string());
                        // All threads look for a new trace at the same time.
                        barrier.wait();
                        ledger.push_once(Entry {
                            trace_id,
                            ..entry(1.0)
                        });
                    }
                });
            }
        });
        let (records, _) = ledger.records(0);
        assert_eq!(records.len(), traces);
        let mut requests = records.iter().map(|it| &it.entry.parameters["requests"]);
        assert!(requests.all(|count| *count == threads));
    }

    #[test]
    fn beyond_the_limit_the_oldest_records_are_dropped_and_counted() {
        let ledger = Ledger::default();
        for _ in 0..MAX_RECORDS + 5 {
            ledger.push(entry(0.0));
        }
        let (records, dropped) = ledger.records(0);
        assert_eq!((records.len(), dropped), (MAX_RECORDS, 5));
        assert_eq!(records[0].sequence, 6);
    }

    #[test]
    fn a_record_is_written_with_the_documented_members() {
        let record = Record {
            sequence: 7,
            entry: entry(1.25),
        };
        let expected = json!({
            "sequence": 7, "time": 1.25, "kind": "request", "trace_id": null, "task": null,
            "service": "like-service", "mechanism": "stress", "parameters": {"cpu_ms": 5},
            "status": 200, "milliseconds": 5.5,
        });
        assert_eq!(serde_json::to_value(&record).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Record>(expected).unwrap(), record);
    }
}
