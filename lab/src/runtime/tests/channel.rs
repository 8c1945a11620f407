use std::time::Duration;

use like_service::chaos::Overrides;
use serde_json::from_value;
use tokio::time::{sleep, timeout};

use super::*;
use crate::faults::Scope;

fn overrides(seed: u64) -> Overrides {
    from_value(json!({
        "seed": seed, "stress_percent": 0, "not_found_percent": 9, "cpu_ms": [0, 0], "workers": null,
    }))
    .unwrap()
}

#[tokio::test]
async fn a_process_gets_its_orders_at_standard_input_and_its_reports_are_in_the_ledger() {
    // The process says what it has read, and sends its last report when it ends.
    let script = Script::new(
        "orders",
        r#"
        read order; echo "$order"
        echo listening 127.0.0.1:9
        read order; echo "$order"
        read order; echo "$order"
        like='{"arrived_at_ms":1500,"trace_id":null,"fault":{"mechanism":"not_found"},"status":404,"elapsed_ms":0.5}'
        echo '{"lost":2,"like":'"$like"'}' >&0
        "#,
    );
    let (ledger, faults) = (Ledger::default(), TaskFaults::new());
    faults.set(Scope::Service("server"), overrides(1));
    let (task, logs) = task_of_lab(
        script.path(),
        definition("server", &[]),
        Reporter::new(|_| {}),
        ledger.clone(),
        faults.clone(),
    );
    let change_faults = async {
        let is_logged = async |text: &str| {
            while !logs.tail("server", usize::MAX).contains(text) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        is_logged(r#"{"faults":{"seed":1,"#).await;
        faults.set(Scope::Task("0".repeat(32)), overrides(2));
        is_logged(r#"{"faults":{"seed":2,"#).await;
        faults.clear();
        is_logged(r#"{"faults":null}"#).await;
    };
    let both = async { tokio::join!(task, change_faults) };
    timeout(Duration::from_secs(20), both).await.unwrap();
    let (records, dropped) = ledger.records(0);
    assert_eq!((records.len(), dropped), (1, 2));
    let record = &records[0].entry;
    assert_eq!((record.time, record.status), (1.5, Some(404)));
    assert_eq!(record.task, Some("0".repeat(32)));
    assert_eq!(
        (&*record.service, &*record.mechanism),
        ("server", "not_found")
    );
}
