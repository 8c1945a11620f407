//! Which requests of customers a fault has touched: notes them in the ledger.

use super::inject::Injected;
use super::problem::Mechanism;
use super::run::Run;
use super::workload::Sample;
use crate::ledger::{Entry, Kind};

/// Notes in the ledger what a customer saw of a request that the fault has touched.
pub fn note(run: &Run, sample: &Sample) {
    if run.stop.is_cancelled() {
        return;
    }
    let Some(fault) = run.progress().fault.clone() else {
        return;
    };
    let injected = &fault.injected;
    if !is_touched(&run.variant.problem.fault, injected, fault.slow_ms, sample) {
        run.ledger
            .complete(&sample.trace_id, sample.status, sample.ms);
        return;
    }
    let component = injected.component.split('/').next();
    run.ledger.push(Entry {
        time: sample.at,
        kind: Kind::Request,
        trace_id: Some(sample.trace_id.clone()),
        task: None,
        service: component.unwrap_or_default().to_owned(),
        mechanism: injected.mechanism.to_owned(),
        parameters: serde_json::json!({}),
        status: sample.status,
        milliseconds: Some(sample.ms),
    });
}

/// Whether a fault in the configuration has touched a request: it failed as this fault makes requests fail, or it waited because there
/// were too few tasks. Other faults note themselves which requests they touch.
fn is_touched(fault: &Mechanism, injected: &Injected, slow_ms: f64, sample: &Sample) -> bool {
    if sample.at < injected.at {
        return false;
    }
    let has_failed = !sample.has_succeeded();
    match fault {
        // Requests for mysfits that do not exist fail at all times.
        Mechanism::BadRevision { .. } => has_failed && sample.is_of_known_mysfit(),
        // The Like service gives the call of the monolith up.
        Mechanism::TimeoutTooShort { .. } => sample.status == Some(504) && sample.is_like(),
        // The monolith serves no likes.
        Mechanism::WrongWeights { .. } | Mechanism::WrongPath { .. } => {
            sample.status == Some(404) && sample.is_like()
        }
        Mechanism::TooFewTasks { .. } => sample.is_like() && (has_failed || sample.ms > slow_ms),
        Mechanism::CpuBurn { .. }
        | Mechanism::LostLikes { .. }
        | Mechanism::FaultyTask { .. }
        | Mechanism::SlowKey { .. }
        | Mechanism::ThrottledKey { .. }
        | Mechanism::FailingKey { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::workload::Route;
    use super::*;

    fn sample(route: Route, status: u16, ms: f64) -> Sample {
        Sample {
            at: 100.0,
            route,
            mysfit: "a".to_owned(),
            trace_id: "1-2-3".to_owned(),
            status: Some(status),
            ms,
        }
    }

    fn touches(fault: &Mechanism, sample: &Sample, since: f64) -> bool {
        let injected = Injected {
            at: since,
            component: String::new(),
            mechanism: "",
            parameters: serde_json::Value::Null,
            task: None,
            tasks: Vec::new(),
            service: None,
            changed: Vec::new(),
        };
        is_touched(fault, &injected, 50.0, sample)
    }

    #[test]
    fn a_wrong_rule_touches_the_likes_that_fail_after_it() {
        let fault = Mechanism::WrongPath { paths: Vec::new() };
        let failed = sample(Route::Like, 404, 1.0);
        assert!(touches(&fault, &failed, 100.0));
        assert!(!touches(&fault, &failed, 100.1));
        for status in [200, 503] {
            assert!(!touches(&fault, &sample(Route::Like, status, 900.0), 1.0));
        }
        for route in [Route::UnknownLike, Route::Unknown, Route::Mysfit] {
            assert!(!touches(&fault, &sample(route, 404, 1.0), 1.0));
        }
    }

    #[test]
    fn a_bad_revision_touches_also_reads() {
        let (variable, values) = (String::new(), Vec::new());
        let fault = Mechanism::BadRevision { variable, values };
        assert!(touches(&fault, &sample(Route::List, 503, 1.0), 1.0));
        assert!(!touches(&fault, &sample(Route::Unknown, 404, 1.0), 1.0));
    }

    #[test]
    fn too_few_tasks_touch_the_likes_that_wait() {
        let fault = Mechanism::TooFewTasks { max_capacity: 1 };
        assert!(touches(&fault, &sample(Route::Like, 200, 51.0), 1.0));
        assert!(!touches(&fault, &sample(Route::Like, 200, 50.0), 1.0));
        assert!(touches(&fault, &sample(Route::Like, 503, 1.0), 1.0));
    }

    #[test]
    fn faults_of_tasks_and_of_the_database_note_what_they_touch_themselves() {
        let percent = [1, 2];
        for fault in [
            Mechanism::LostLikes { percent },
            Mechanism::FailingKey { percent },
        ] {
            assert!(!touches(&fault, &sample(Route::Like, 404, 1.0), 1.0));
        }
    }
}
