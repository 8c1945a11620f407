use super::*;
use crate::metrics::Query;

fn metric(name: &str) -> Metric {
    Metric::new("N", name, [("D", "v")])
}

fn store(metrics: usize, values: usize) -> Store {
    Store::new(Limits { metrics, values })
}

fn add(store: &mut Store, name: &str, seconds: i64, value: f64) {
    let values = Distribution::of(value, 1.0);
    store.add(
        &metric(name),
        Unit::COUNT,
        Timestamp::from_secs(seconds),
        60,
        &values,
    );
}

fn sums(store: &Store, name: &str, query: Query) -> Vec<(i64, f64)> {
    let series = store.series(&metric(name), query.start, query.end);
    let points = series.points(query);
    points
        .iter()
        .map(|point| (point.start, point.values.sum))
        .collect()
}

fn query(period: i64, start: i64, end: i64) -> Query {
    Query {
        unit: None,
        period,
        start,
        end,
    }
}

#[test]
fn values_are_kept_by_minute_and_selected_by_period() {
    let mut store = store(10, 1000);
    for (seconds, value) in [(0, 1.0), (59, 2.0), (60, 4.0), (299, 8.0), (300, 16.0)] {
        add(&mut store, "m", seconds, value);
    }
    let minutes = [(0, 3.0), (60, 4.0), (240, 8.0), (300, 16.0)];
    assert_eq!(sums(&store, "m", query(60, 0, 600)), minutes);
    assert_eq!(
        sums(&store, "m", query(300, 0, 600)),
        [(0, 15.0), (300, 16.0)]
    );
    // The start is inclusive, the end exclusive. Periods begin at the start.
    assert_eq!(
        sums(&store, "m", query(60, 60, 300)),
        [(60, 4.0), (240, 8.0)]
    );
    assert_eq!(sums(&store, "m", query(300, 60, 660)), [(60, 28.0)]);
    assert_eq!(sums(&store, "m", query(60, 300, 300)), []);
    assert_eq!(sums(&store, "unknown", query(60, 0, 600)), []);
}

#[test]
fn values_with_different_units_are_kept_apart() {
    let mut store = store(10, 1000);
    let time = Timestamp::from_secs(0);
    for (unit, value) in [(Unit::COUNT, 1.0), (Unit::SECONDS, 2.0), (Unit::COUNT, 4.0)] {
        store.add(&metric("m"), unit, time, 60, &Distribution::of(value, 1.0));
    }
    assert_eq!(sums(&store, "m", query(60, 0, 60)), [(0, 5.0), (0, 2.0)]);
    let unit = Some(Unit::SECONDS);
    let of_unit = Query {
        unit,
        ..query(60, 0, 60)
    };
    assert_eq!(sums(&store, "m", of_unit), [(0, 2.0)]);
}

#[test]
fn a_metric_over_the_limit_replaces_the_one_that_got_no_values_for_the_longest_time() {
    let mut store = store(2, 1000);
    add(&mut store, "a", 60, 1.0);
    add(&mut store, "b", 0, 1.0);
    add(&mut store, "c", 120, 1.0);
    let names: Vec<_> = store
        .metrics()
        .map(|(metric, _)| metric.name.clone())
        .collect();
    assert_eq!(names, ["a", "c"]);
}

#[test]
fn the_oldest_values_are_removed_when_there_are_too_many() {
    let mut store = store(10, 20);
    for minute in 0..100 {
        for name in ["a", "b"] {
            add(&mut store, name, minute * 60, 1.0);
        }
    }
    let kept = sums(&store, "a", query(60, 0, 6000));
    // A period with one value has the size 2.
    assert!((4..=5).contains(&kept.len()), "{kept:?}");
    let oldest = 100 - kept.len() as i64;
    assert_eq!(
        kept,
        (oldest..100)
            .map(|minute| (minute * 60, 1.0))
            .collect::<Vec<_>>()
    );
    assert_eq!(store.size, kept.len() * 4);
    store.expire(Timestamp::from_secs(15 * 24 * 60 * 60 + 97 * 60));
    assert_eq!(sums(&store, "b", query(60, 0, 6000)).len(), 3);
    assert_eq!(store.size, 12);
    store.clear();
    assert_eq!((store.size, store.metrics().count()), (0, 0));
}

#[test]
fn one_search_makes_room_for_a_hundredth_of_many_metrics() {
    let mut store = store(200, 10_000);
    for number in 0..201 {
        add(&mut store, &format!("m{number:03}"), number * 60, 1.0);
    }
    let names = store.metrics().map(|(metric, _)| metric.name.clone());
    let names: Vec<_> = names.collect();
    assert_eq!((names.len(), &*names[0]), (199, "m002"));
    assert_eq!(store.size, 199 * 2);
}
