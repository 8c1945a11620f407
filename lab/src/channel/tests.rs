use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use like_service::chaos::Fault;
use serde_json::{from_value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::faults::{Scope, TaskFaults};
use crate::ledger::Ledger;

const PATIENCE: Duration = Duration::from_secs(20);

const SERVICE: &str = "like-service";

fn overrides(seed: u64) -> Overrides {
    from_value(json!({
        "seed": seed, "stress_percent": 10, "not_found_percent": 20, "cpu_ms": [1, 2], "workers": null,
    }))
    .unwrap()
}

fn report(cpu_ms: u64) -> FaultReport {
    FaultReport {
        arrived_at_ms: 1_795_710_000_007,
        trace_id: Some("1-6b013450-c32ccbeb5afb37bffffc28c0".to_owned()),
        fault: Fault::Stress { cpu_ms },
        status: Some(200),
        elapsed_ms: 3.5,
    }
}

/// A task with both ends of its channel in this process.
struct Task {
    _lab_end: LabEnd,
    task_end: TaskEnd,
    orders: mpsc::UnboundedReceiver<Order>,
}

impl Task {
    fn start(id: &str, ledger: &Ledger, faults: &TaskFaults) -> Self {
        let link = Link {
            ledger: ledger.clone(),
            faults: faults.of_task(SERVICE, id.to_owned()),
            task: id.to_owned(),
            service: SERVICE,
        };
        let (lab_end, stdin) = LabEnd::open(link).unwrap();
        let (sender, orders) = mpsc::unbounded_channel();
        let obey = move |order| sender.send(order).unwrap();
        let (task_end, _ended) = TaskEnd::open_at(Some(stdin.into()), obey).unwrap();
        Self {
            _lab_end: lab_end,
            task_end,
            orders,
        }
    }

    async fn order(&mut self) -> Option<Overrides> {
        let order = timeout(PATIENCE, self.orders.recv()).await.unwrap();
        let Order::Faults(overrides) = order.unwrap();
        overrides
    }
}

#[tokio::test]
async fn faults_reach_running_tasks_and_those_that_start_later_and_can_be_cleared() {
    let (ledger, faults) = (Ledger::default(), TaskFaults::new());
    let mut first = Task::start("1", &ledger, &faults);
    assert_eq!(first.order().await, None);
    faults.set(Scope::Service(SERVICE), overrides(1));
    assert_eq!(first.order().await, Some(overrides(1)));
    // The first order of a later task already has the faults.
    let mut second = Task::start("2", &ledger, &faults);
    second.task_end.wait_for_first_order().await;
    let first_order = second.orders.try_recv();
    assert_eq!(first_order, Ok(Order::Faults(Some(overrides(1)))));

    // The faults of a task win over those of its service, and reach no other task.
    faults.set(Scope::Task("2".to_owned()), overrides(2));
    assert_eq!(second.order().await, Some(overrides(2)));
    faults.set(Scope::Service(SERVICE), overrides(3));
    assert_eq!(first.order().await, Some(overrides(3)));
    faults.set(Scope::Service("monolith"), overrides(4));
    // Equal faults begin their sequence again.
    faults.set(Scope::Service(SERVICE), overrides(3));
    assert_eq!(first.order().await, Some(overrides(3)));

    faults.clear();
    assert_eq!(first.order().await, None);
    assert_eq!(second.order().await, None);
    let mut third = Task::start("3", &ledger, &faults);
    assert_eq!(third.order().await, None);
}

#[tokio::test]
async fn the_reports_of_a_task_are_records_with_its_id_and_all_are_read_when_it_ends() {
    let ledger = Ledger::default();
    let task = Task::start("0123", &ledger, &TaskFaults::new());
    let reports = task.task_end.start_reports().unwrap().unwrap();
    for cpu_ms in 0..1000 {
        reports.sender().send(report(cpu_ms));
    }
    reports.finish().await;
    // The thread that reads orders holds the end of the task until the lab's end closes.
    let is_complete = async {
        while ledger.records(0).0.len() < 1000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, is_complete).await.unwrap();
    let (records, dropped) = ledger.records(0);
    assert_eq!(dropped, 0);
    let record = serde_json::to_value(&records[7]).unwrap();
    let expected = json!({
        "sequence": 8, "time": 1_795_710_000.007, "kind": "request",
        "trace_id": "1-6b013450-c32ccbeb5afb37bffffc28c0", "task": "0123", "service": SERVICE,
        "mechanism": "stress", "parameters": {"cpu_ms": 7}, "status": 200, "milliseconds": 3.5,
    });
    assert_eq!(record, expected);
}

#[tokio::test]
async fn unknown_and_long_lines_are_ignored_by_both_ends() {
    let noise = [
        b"\n{}\nnull\n{\"unknown\": 1}\n\xff\n",
        "[".repeat(1000).as_bytes(),
        b"\n\"",
        "x".repeat(3 * MAX_LINE).as_bytes(),
        b"\"\n",
    ]
    .concat();

    let (mut lab_end, task_end) = UnixStream::pair().unwrap();
    let (sender, mut orders) = mpsc::unbounded_channel();
    let obey = move |order| sender.send(order).unwrap();
    let (_task_end, ended) = TaskEnd::open_at(Some(task_end), obey).unwrap();
    let order = Order::Faults(Some(overrides(5)));
    let lines = [&noise[..], &line_of(&order).unwrap()].concat();
    std::thread::scope(|scope| {
        scope.spawn(|| lab_end.write_all(&lines).unwrap());
    });
    assert_eq!(timeout(PATIENCE, orders.recv()).await.unwrap(), Some(order));
    drop(lab_end);
    // The task stops when the lab's end closes.
    timeout(PATIENCE, ended).await.unwrap();

    let ledger = Ledger::default();
    let link = Link {
        ledger: ledger.clone(),
        faults: TaskFaults::new().of_task(SERVICE, "1".to_owned()),
        task: "1".to_owned(),
        service: SERVICE,
    };
    let (mut lab_end, stdin) = LabEnd::open(link).unwrap();
    let message = Message {
        lost: 3,
        like: Some(report(1)),
    };
    let lines = [&noise[..], &line_of(&message).unwrap()].concat();
    let mut task_end = UnixStream::from(stdin);
    let writer = std::thread::spawn(move || task_end.write_all(&lines).unwrap());
    lab_end.finish().await;
    writer.join().unwrap();
    let (records, dropped) = ledger.records(0);
    assert_eq!((records.len(), dropped), (1, 3));
}

#[tokio::test]
async fn reports_that_a_slow_lab_does_not_read_are_lost_and_counted() {
    let (mut lab_end, task_end) = UnixStream::pair().unwrap();
    let (task_end, _ended) = TaskEnd::open_at(Some(task_end), |_| {}).unwrap();
    let reports = task_end.start_reports().unwrap().unwrap();
    let count = 20_000;
    for cpu_ms in 0..count {
        reports.sender().send(report(cpu_ms));
    }
    let reader = std::thread::spawn(move || {
        let (mut text, mut bytes) = (Vec::new(), vec![0; 64 * 1024]);
        let (mut lost, mut read) = (0, 0);
        while lost + read < count {
            let length = lab_end.read(&mut bytes).unwrap();
            text.extend_from_slice(&bytes[..length]);
            let end = text
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |it| it + 1);
            let lines: Vec<u8> = text.drain(..end).collect();
            for line in lines
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                let message: Message = serde_json::from_slice(line).unwrap();
                lost += message.lost;
                read += u64::from(message.like.is_some());
            }
        }
        (lost, read)
    });
    reports.finish().await;
    let (lost, read) = reader.join().unwrap();
    assert_eq!(lost + read, count);
    assert!(lost > 0);
}
