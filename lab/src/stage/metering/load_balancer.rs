//! The metrics in the namespace `AWS/ApplicationELB`.
//!
//! Source of names, units, dimensions and reporting rules: AWS's guide to Application Load Balancers, "CloudWatch metrics".

use cloudwatch::{Metric, Unit};
use elb::{Counts, LoadBalancerMetrics, TargetGroupMetrics};

use super::Published;

const NAMESPACE: &str = "AWS/ApplicationELB";

/// The metrics of a minute, from the counts at its start and at its end.
pub fn published(before: &LoadBalancerMetrics, after: &LoadBalancerMetrics) -> Vec<Published> {
    let name = &after.load_balancer;
    let of_load_balancer = |metric: &str| Metric::new(NAMESPACE, metric, [("LoadBalancer", name)]);
    let mut published = Vec::new();
    // A load balancer publishes counts only while requests flow. Each request has bytes.
    let has_requests = difference(&before.counts, &after.counts, "ProcessedBytes") > 0;
    if has_requests {
        add_counts(
            &mut published,
            of_load_balancer,
            &before.counts,
            &after.counts,
        );
        if after.active_connection_count > 0 {
            let metric = of_load_balancer("ActiveConnectionCount");
            published.push(one(
                metric,
                Unit::COUNT,
                after.active_connection_count as f64,
            ));
        }
    }
    for group in &after.target_groups {
        let of_group = |metric: &str| {
            let dimensions = [("LoadBalancer", name), ("TargetGroup", &group.target_group)];
            Metric::new(NAMESPACE, metric, dimensions)
        };
        let counts = counts_of(before, group);
        if has_requests {
            add_counts(&mut published, of_group, &counts, &group.counts);
            add_requests_per_target(&mut published, of_group, &counts, group);
        }
        for (metric, count) in [
            ("HealthyHostCount", group.healthy_host_count),
            ("UnHealthyHostCount", group.un_healthy_host_count),
        ] {
            published.push(one(of_group(metric), Unit::COUNT, count as f64));
        }
    }
    published
}

fn counts_of(before: &LoadBalancerMetrics, group: &TargetGroupMetrics) -> Counts {
    let mut groups = before.target_groups.iter();
    let before = groups.find(|it| it.target_group == group.target_group);
    before.map(|it| it.counts.clone()).unwrap_or_default()
}

/// Adds the sums and the response times. `RequestCount` is also published if it is 0.
fn add_counts(
    published: &mut Vec<Published>,
    metric: impl Fn(&str) -> Metric,
    before: &Counts,
    after: &Counts,
) {
    if !after.sums.contains_key("RequestCount") {
        published.push(one(metric("RequestCount"), Unit::COUNT, 0.0));
    }
    for name in after.sums.keys() {
        let count = difference(before, after, name);
        if count == 0 && *name != "RequestCount" {
            continue;
        }
        let unit = match *name {
            "ProcessedBytes" => Unit::BYTES,
            _ => Unit::COUNT,
        };
        published.push(one(metric(name), unit, count as f64));
    }
    let times = after.target_response_micros.iter();
    let times = times.filter_map(|(micros, count)| {
        let before = before.target_response_micros.get(micros);
        let count = count.saturating_sub(before.copied().unwrap_or_default());
        (count > 0).then_some((*micros as f64 / 1e6, count as f64))
    });
    let times: Vec<_> = times.collect();
    if !times.is_empty() {
        published.push(Published {
            metric: metric("TargetResponseTime"),
            unit: Unit::SECONDS,
            values: times,
        });
    }
}

fn add_requests_per_target(
    published: &mut Vec<Published>,
    of_group: impl Fn(&str) -> Metric,
    before: &Counts,
    group: &TargetGroupMetrics,
) {
    if group.healthy_host_count == 0 {
        return;
    }
    let requests = difference(before, &group.counts, "RequestCount");
    let average = requests as f64 / group.healthy_host_count as f64;
    let name = "RequestCountPerTarget";
    let without_load_balancer =
        Metric::new(NAMESPACE, name, [("TargetGroup", &group.target_group)]);
    for metric in [of_group(name), without_load_balancer] {
        published.push(one(metric, Unit::NONE, average));
    }
}

fn difference(before: &Counts, after: &Counts, name: &str) -> u64 {
    after.sum(name).saturating_sub(before.sum(name))
}

fn one(metric: Metric, unit: Unit, value: f64) -> Published {
    Published {
        metric,
        unit,
        values: vec![(value, 1.0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(sums: &[(&'static str, u64)], micros: &[(u64, u64)]) -> Counts {
        Counts {
            sums: sums.iter().copied().collect(),
            target_response_micros: micros.iter().copied().collect(),
        }
    }

    fn metrics(load_balancer: Counts, group: Counts) -> LoadBalancerMetrics {
        LoadBalancerMetrics {
            load_balancer: "app/lb/0".to_owned(),
            counts: load_balancer,
            active_connection_count: 3,
            target_groups: vec![TargetGroupMetrics {
                target_group: "targetgroup/like/0".to_owned(),
                counts: group,
                healthy_host_count: 2,
                un_healthy_host_count: 1,
            }],
        }
    }

    /// A row for each metric: its dimensions without the names, its name, its unit and its values.
    fn rows(published: &[Published]) -> Vec<String> {
        let rows = published.iter().map(|it| {
            let dimensions = it.metric.dimensions.iter();
            let dimensions: Vec<_> = dimensions.map(|it| it.value.as_str()).collect();
            assert_eq!(it.metric.namespace, NAMESPACE);
            let (dimensions, name) = (dimensions.join("+"), &it.metric.name);
            format!("{dimensions} {name} {} {:?}", it.unit.name(), it.values)
        });
        rows.collect()
    }

    #[test]
    fn a_minute_has_the_differences_of_the_counts() {
        let before = metrics(
            counts(
                &[("ProcessedBytes", 100), ("RequestCount", 10)],
                &[(500, 10)],
            ),
            counts(&[("RequestCount", 10)], &[(500, 10)]),
        );
        let of_group = counts(
            &[("HTTPCode_Target_2XX_Count", 3), ("RequestCount", 13)],
            &[(500, 11), (2_000_000, 2)],
        );
        let of_all = counts(
            &[
                ("HTTPCode_ELB_5XX_Count", 1),
                ("ProcessedBytes", 150),
                ("RequestCount", 14),
            ],
            &[(500, 12), (2_000_000, 2)],
        );
        assert_eq!(
            rows(&published(&before, &metrics(of_all, of_group))),
            [
                "app/lb/0 HTTPCode_ELB_5XX_Count Count [(1.0, 1.0)]",
                "app/lb/0 ProcessedBytes Bytes [(50.0, 1.0)]",
                "app/lb/0 RequestCount Count [(4.0, 1.0)]",
                "app/lb/0 TargetResponseTime Seconds [(0.0005, 2.0), (2.0, 2.0)]",
                "app/lb/0 ActiveConnectionCount Count [(3.0, 1.0)]",
                "app/lb/0+targetgroup/like/0 HTTPCode_Target_2XX_Count Count [(3.0, 1.0)]",
                "app/lb/0+targetgroup/like/0 RequestCount Count [(3.0, 1.0)]",
                "app/lb/0+targetgroup/like/0 TargetResponseTime Seconds [(0.0005, 1.0), (2.0, 2.0)]",
                "app/lb/0+targetgroup/like/0 RequestCountPerTarget None [(1.5, 1.0)]",
                "targetgroup/like/0 RequestCountPerTarget None [(1.5, 1.0)]",
                "app/lb/0+targetgroup/like/0 HealthyHostCount Count [(2.0, 1.0)]",
                "app/lb/0+targetgroup/like/0 UnHealthyHostCount Count [(1.0, 1.0)]",
            ]
        );
    }

    #[test]
    fn a_minute_without_requests_has_only_the_counts_of_hosts() {
        let same = metrics(
            counts(
                &[("ProcessedBytes", 100), ("RequestCount", 10)],
                &[(500, 10)],
            ),
            counts(&[("RequestCount", 10)], &[(500, 10)]),
        );
        assert_eq!(
            rows(&published(&same, &same)),
            [
                "app/lb/0+targetgroup/like/0 HealthyHostCount Count [(2.0, 1.0)]",
                "app/lb/0+targetgroup/like/0 UnHealthyHostCount Count [(1.0, 1.0)]",
            ]
        );
    }

    #[test]
    fn a_group_without_requests_has_0_while_others_have_requests() {
        let before = metrics(Counts::default(), Counts::default());
        let after = metrics(
            counts(&[("ProcessedBytes", 100), ("RequestCount", 1)], &[]),
            Counts::default(),
        );
        let rows = rows(&published(&before, &after));
        for row in [
            "app/lb/0+targetgroup/like/0 RequestCount Count [(0.0, 1.0)]",
            "app/lb/0+targetgroup/like/0 RequestCountPerTarget None [(0.0, 1.0)]",
        ] {
            assert!(rows.iter().any(|it| it == row), "{row}: {rows:#?}");
        }
    }
}
