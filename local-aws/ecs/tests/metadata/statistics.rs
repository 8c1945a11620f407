//! Statistics of containers.

use ecs::metadata::Figures;
use serde_json::{Value, json};

use crate::documents::assert_same_members;
use crate::tasks::{LIKE, PAUSE, PROXY, document, running_task};

#[tokio::test]
async fn the_statistics_have_the_members_of_fargates() {
    let mut ours = document(&running_task(), &format!("/v4/{LIKE}/stats")).await;
    // The recorded task has another interface.
    let networks = ours["networks"].as_object_mut().unwrap();
    let loopback = networks.remove("lo").unwrap();
    networks.insert("eth1".to_owned(), loopback);

    let recorded = include_str!("documents/v4-stats.json");
    let in_recorded: Value = serde_json::from_str(recorded).unwrap();
    let details = in_recorded["memory_stats"]["stats"].as_object().unwrap();
    let known = ["hierarchical_memory_limit", "rss", "total_rss"];
    // Members of a control group: a process has none.
    let mut missing: Vec<String> = details
        .keys()
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| format!("memory_stats.stats.{name}"))
        .collect();
    // Docker leaves out the times of single CPUs where the kernel does not count them. Disks are not counted.
    missing.extend(
        [
            "cpu_stats.cpu_usage.percpu_usage",
            "precpu_stats.cpu_usage.percpu_usage",
            "blkio_stats.io_service_bytes_recursive[]",
            "blkio_stats.io_serviced_recursive[]",
        ]
        .map(str::to_owned),
    );
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    assert_same_members(&ours, recorded, &missing, &[]);
}

/// The formula is Docker's, `calculateCPUPercentUnix` of `docker/cli`, which clients of these statistics use.
#[tokio::test]
async fn dockers_formula_gives_the_share_of_a_cpu_that_the_container_used() {
    let stats = document(&running_task(), &format!("/v4/{LIKE}/stats")).await;
    let delta = |path: &str| {
        let read = |of: &str| {
            stats
                .pointer(&format!("/{of}/{path}"))
                .unwrap()
                .as_f64()
                .unwrap()
        };
        read("cpu_stats") - read("precpu_stats")
    };
    let cpus = stats["cpu_stats"]["online_cpus"].as_f64().unwrap();
    let percent = delta("cpu_usage/total_usage") / delta("system_cpu_usage") * cpus * 100.0;
    assert_eq!(percent, 50.0);
}

#[tokio::test]
async fn the_statistics_show_the_figures_and_the_reading_before() {
    let stats = document(&running_task(), &format!("/v4/{LIKE}/stats")).await;
    assert_eq!(stats["read"], "1970-01-01T00:01:50Z");
    assert_eq!(stats["preread"], "1970-01-01T00:01:49Z");
    assert_eq!(stats["id"], LIKE);
    assert_eq!(stats["name"], "like-service");
    assert_eq!(
        stats["cpu_stats"]["cpu_usage"],
        json!({
            "total_usage": 1_500_000_000,
            "usage_in_kernelmode": 150_000_000,
            "usage_in_usermode": 1_350_000_000,
        })
    );
    assert_eq!(
        stats["precpu_stats"]["cpu_usage"]["total_usage"],
        1_000_000_000
    );
    assert_eq!(
        stats["memory_stats"],
        json!({
            "usage": 6_000_000,
            "max_usage": 8_000_000,
            "stats": {
                "hierarchical_memory_limit": 512 * 1024 * 1024,
                "rss": 6_000_000,
                "total_rss": 6_000_000,
            },
            "limit": 128 * 1024 * 1024,
        })
    );
    assert_eq!(stats["networks"]["lo"]["rx_bytes"], 3000);
    assert_eq!(
        stats["network_rate_stats"],
        json!({ "rx_bytes_per_sec": 2000.0, "tx_bytes_per_sec": 4000.0 })
    );
}

/// Docker's first statistics of a container have the zero time and zeros as the reading before.
#[tokio::test]
async fn the_first_statistics_have_no_reading_before() {
    let mut task = running_task();
    let Figures { now, .. } = task.containers[0].figures.clone().unwrap();
    task.containers[0].figures = Some(Figures { now, before: None });
    let stats = document(&task, &format!("/v4/{LIKE}/stats")).await;
    assert_eq!(stats["preread"], "0001-01-01T00:00:00Z");
    assert_eq!(stats["precpu_stats"]["cpu_usage"]["total_usage"], 0);
    assert_eq!(stats["precpu_stats"]["system_cpu_usage"], Value::Null);
    assert_eq!(stats["network_rate_stats"], Value::Null);
}

#[tokio::test]
async fn version_2_has_the_same_statistics_without_rates() {
    let task = running_task();
    let mut expected = document(&task, &format!("/v4/{LIKE}/stats")).await;
    expected
        .as_object_mut()
        .unwrap()
        .remove("network_rate_stats");
    let stats = document(&task, &format!("/{PROXY}/v2/stats/{LIKE}")).await;
    assert_eq!(stats, expected);
}

/// What the agent writes for a container without statistics: `agent/handlers/v2/stats_response.go` and
/// `agent/handlers/v4/stats_response.go`.
#[tokio::test]
async fn a_container_without_figures_has_null_in_version_2_and_an_empty_object_in_version_4() {
    let task = running_task();
    let stats = document(&task, &format!("/v4/{LIKE}/task/stats")).await;
    let of_like = document(&task, &format!("/v4/{LIKE}/stats")).await;
    assert_eq!(stats, json!({ LIKE: of_like, PROXY: {} }));

    let stats = document(&task, &format!("/{LIKE}/v2/stats")).await;
    let of_like = document(&task, &format!("/{LIKE}/v2/stats/{LIKE}")).await;
    assert_eq!(stats, json!({ LIKE: of_like, PROXY: null, PAUSE: null }));
}
