use std::net::Ipv4Addr;
use std::time::SystemTime;

use axum::http::StatusCode;
use proptest::prelude::*;

use super::*;
use crate::access_log::ConnectionInfo;

fn entry() -> Entry {
    let address = Ipv4Addr::LOCALHOST;
    let connection = ConnectionInfo {
        client: (address, 1).into(),
        node: address.into(),
        trace_id: 0,
    };
    Entry::new(connection, 80, SystemTime::UNIX_EPOCH)
}

/// The entry of a request to which a target sent a response with this status.
fn answered(status: u16, micros: u64) -> Entry {
    let status = StatusCode::from_u16(status).unwrap();
    Entry {
        target: Some((Ipv4Addr::LOCALHOST, 2).into()),
        target_time: Some(Duration::from_micros(micros)),
        status,
        target_status: Some(status),
        received_bytes: 10,
        sent_bytes: 20,
        ..entry()
    }
}

/// The entry of a request that the load balancer itself answered.
fn failed(failure: Failure) -> Entry {
    let target = (failure != Failure::NoRegisteredTargets).then_some((Ipv4Addr::LOCALHOST, 2));
    Entry {
        target: target.map(Into::into),
        status: failure.status(),
        failure: Some(failure),
        ..entry()
    }
}

fn counted(entries: &[Entry]) -> Counts {
    let counters = Counters::default();
    entries
        .iter()
        .for_each(|entry| counters.count_request(entry));
    counters.counts()
}

fn arbitrary_entry() -> impl Strategy<Value = Entry> {
    let failures = [
        Failure::NoRegisteredTargets,
        Failure::ConnectionRefused,
        Failure::ConnectionTimeout,
        Failure::ResponseInvalid,
        Failure::ResponseTimeout,
    ];
    prop_oneof![
        (200..600_u16, any::<u32>()).prop_map(|(status, micros)| answered(status, micros.into())),
        proptest::sample::select(failures.to_vec()).prop_map(failed),
    ]
}

#[test]
fn a_response_of_a_target_and_a_response_of_the_load_balancer_have_different_metrics() {
    let counts = counted(&[answered(503, 1_000), failed(Failure::NoRegisteredTargets)]);
    let wanted = [
        ("HTTPCode_ELB_503_Count", 1),
        ("HTTPCode_ELB_5XX_Count", 1),
        ("HTTPCode_Target_5XX_Count", 1),
        ("ProcessedBytes", 30),
        // No target could be selected for the second request.
        ("RequestCount", 1),
    ];
    assert_eq!(counts.sums, wanted.into());
    assert_eq!(counts.target_response_micros, [(1_000, 1)].into());
}

#[test]
fn only_a_failed_connection_is_a_connection_error() {
    let failures = [
        (Failure::ConnectionRefused, 1),
        (Failure::ConnectionFailed, 1),
        (Failure::ConnectionTimeout, 1),
        (Failure::ConnectionClosed, 0),
        (Failure::ResponseTimeout, 0),
    ];
    for (failure, errors) in failures {
        let counts = counted(&[failed(failure)]);
        assert_eq!(
            counts.sum("TargetConnectionErrorCount"),
            errors,
            "{failure:?}"
        );
        assert_eq!(counts.sum("RequestCount"), 1, "{failure:?}");
    }
}

#[test]
fn a_target_group_counts_nothing_of_the_load_balancer() {
    let counters = Counters::default();
    counters.count_target(&failed(Failure::NoRegisteredTargets));
    assert_eq!(counters.counts(), Counts::default());
    counters.count_target(&answered(204, 5));
    let wanted = [("HTTPCode_Target_2XX_Count", 1), ("RequestCount", 1)];
    assert_eq!(counters.counts().sums, wanted.into());
}

proptest! {
    #[test]
    fn each_request_has_one_status_class(entries in proptest::collection::vec(arbitrary_entry(), 0..50)) {
        let counts = counted(&entries);
        let sum = |prefix: &str| -> u64 {
            let sums = counts.sums.iter();
            sums.filter(|(name, _)| name.starts_with(prefix) && name.ends_with("XX_Count")).map(|it| it.1).sum()
        };
        let of_targets = entries.iter().filter(|entry| entry.target_status.is_some()).count() as u64;
        prop_assert_eq!(sum("HTTPCode_Target_"), of_targets);
        prop_assert_eq!(sum("HTTPCode_ELB_"), entries.len() as u64 - of_targets);
        let times: u64 = counts.target_response_micros.values().sum();
        prop_assert_eq!(times, of_targets);
    }

    #[test]
    fn a_response_time_keeps_three_significant_digits(micros in any::<u64>()) {
        let rounded = rounded_micros(Duration::from_micros(micros));
        prop_assert!(rounded.to_string().trim_end_matches('0').len() <= 3, "{}", rounded);
        prop_assert!(rounded.abs_diff(micros) <= micros / 200, "{}", rounded);
    }
}
