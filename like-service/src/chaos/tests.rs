use http_shell::env::Environment;
use serde_json::{from_value, json};
use tokio::sync::mpsc;

use super::*;

/// A `Chaos` with this environment, and the reports of its likes.
fn chaos(variables: &[(&str, &str)]) -> (Chaos, mpsc::UnboundedReceiver<FaultReport>) {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let env: Environment = variables.iter().map(owned).collect();
    let mut chaos = Chaos::new(&Config::read(&env).unwrap());
    let (sender, reports) = mpsc::unbounded_channel();
    chaos.set_sink(FaultSink::new(move |report| sender.send(report).unwrap()));
    (chaos, reports)
}

fn overrides(seed: u64, workers: serde_json::Value) -> Overrides {
    from_value(json!({
        "seed": seed, "stress_percent": 50, "not_found_percent": 30, "cpu_ms": [0, 1],
        "workers": workers,
    }))
    .unwrap()
}

/// The faults of this many likes, as their reports say.
async fn faults_of_likes(
    chaos: &Chaos,
    reports: &mut mpsc::UnboundedReceiver<FaultReport>,
    count: usize,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for _ in 0..count {
        let mut report = chaos.start_report();
        let _ = chaos.apply_fault(&mut report).await;
        drop(report);
        faults.push(
            reports
                .try_recv()
                .map_or(Fault::None, |report| report.fault),
        );
    }
    faults
}

#[tokio::test]
async fn overrides_replace_the_sequence_of_the_environment_which_continues_after_them() {
    let seeded = [("CHAOS_SEED", "42"), ("CHAOS_STRESS_CPU_MS", "0-1")];
    let with_chaos = [&seeded[..], &[("CHAOSMODE", "on")]].concat();
    for (variables, is_on) in [(with_chaos.as_slice(), true), (&seeded[..], false)] {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let env: Environment = variables.iter().map(owned).collect();
        let mut environment = FaultGenerator::new(&Config::read(&env).unwrap());
        let mut expect = |count: usize| -> Vec<Fault> {
            let draws = (0..count).map(|_| environment.draw());
            draws
                .map(|it| if is_on { it } else { Fault::None })
                .collect()
        };
        let (chaos, mut reports) = chaos(variables);
        let seen = faults_of_likes(&chaos, &mut reports, 10).await;
        assert_eq!(seen, expect(10));
        // Each time, the sequence of the overrides begins again.
        for _ in 0..2 {
            let overrides = overrides(7, serde_json::Value::Null);
            let mut generator = FaultGenerator::of_overrides(&overrides);
            let expected: Vec<_> = (0..40).map(|_| generator.draw()).collect();
            chaos.clone().override_faults(Some(overrides));
            let seen = faults_of_likes(&chaos, &mut reports, 40).await;
            assert_eq!(seen, expected);
        }
        chaos.override_faults(None);
        let seen = faults_of_likes(&chaos, &mut reports, 20).await;
        assert_eq!(seen, expect(20));
    }
}

#[tokio::test(start_paused = true)]
async fn a_like_waits_for_a_worker_before_its_fault_is_drawn_and_the_wait_is_not_reported() {
    let (chaos, mut reports) = chaos(&[]);
    let settings = json!({
        "seed": 1, "stress_percent": 0, "not_found_percent": 100, "cpu_ms": [0, 0],
        "workers": {"count": 1, "ms": 10},
    });
    chaos.override_faults(Some(from_value(settings).unwrap()));
    let likes = (0..66).map(|_| async {
        let mut report = chaos.start_report();
        chaos.apply_fault(&mut report).await.unwrap_err()
    });
    let errors = futures_util::future::join_all(likes).await;
    let refused = errors
        .iter()
        .filter(|error| matches!(error, ChaosError::Overloaded(_)));
    assert_eq!(refused.count(), 1);
    let mut count = 0;
    while let Ok(report) = reports.try_recv() {
        assert_eq!(report.fault, Fault::NotFound);
        count += 1;
    }
    assert_eq!(count, 65);
}

#[tokio::test]
async fn a_like_that_ends_without_a_response_is_reported_without_a_status() {
    let (chaos, mut reports) = chaos(&[
        ("CHAOSMODE", "on"),
        ("CHAOS_STRESS_PERCENT", "100"),
        ("CHAOS_NOT_FOUND_PERCENT", "0"),
        ("CHAOS_STRESS_CPU_MS", "50-50"),
    ]);
    let mut report = chaos.start_report();
    let mut like = Box::pin(chaos.apply_fault(&mut report));
    assert!(futures_util::poll!(&mut like).is_pending());
    drop(like);
    drop(report);
    let report = reports.try_recv().unwrap();
    assert_eq!((report.status, report.trace_id), (None, None));
    assert_eq!(report.fault, Fault::Stress { cpu_ms: 50 });
}
