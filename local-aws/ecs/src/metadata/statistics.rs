//! The statistics of a container: Docker's `ContainerStats`, to which version 4 adds the rates of the network.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::Version;
use super::figures::{Figures, InterfaceCounters, Reading};
use super::times::or_zero;
use super::view::TaskView;
use crate::definition::Container;
use crate::time::Timestamp;

const BYTES_PER_MIB: u64 = 1024 * 1024;

/// `StatsJSON`
#[derive(Debug, Serialize)]
pub struct Document {
    #[serde(serialize_with = "or_zero")]
    read: Option<Timestamp>,
    #[serde(serialize_with = "or_zero")]
    preread: Option<Timestamp>,
    pids_stats: Empty,
    blkio_stats: BlkioStats,
    num_procs: u32,
    storage_stats: Empty,
    cpu_stats: CpuStats,
    precpu_stats: CpuStats,
    memory_stats: MemoryStats,
    name: String,
    id: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    networks: BTreeMap<String, NetworkStats>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_rate_stats: Option<NetworkRates>,
}

/// An object without members.
#[derive(Debug, Serialize)]
struct Empty {}

/// Files and disks are not counted.
#[derive(Debug, Default, Serialize)]
struct BlkioStats {
    io_service_bytes_recursive: [(); 0],
    io_serviced_recursive: [(); 0],
    io_queue_recursive: [(); 0],
    io_service_time_recursive: [(); 0],
    io_wait_time_recursive: [(); 0],
    io_merged_recursive: [(); 0],
    io_time_recursive: [(); 0],
    sectors_recursive: [(); 0],
}

#[derive(Debug, Default, Serialize)]
struct CpuStats {
    cpu_usage: CpuUsage,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_cpu_usage: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    online_cpus: Option<u32>,
    throttling_data: ThrottlingData,
}

/// In nanoseconds.
#[derive(Debug, Default, Serialize)]
struct CpuUsage {
    total_usage: u64,
    usage_in_kernelmode: u64,
    usage_in_usermode: u64,
}

/// The CPU time of a process is not throttled.
#[derive(Debug, Default, Serialize)]
struct ThrottlingData {
    periods: u64,
    throttled_periods: u64,
    throttled_time: u64,
}

/// In bytes.
#[derive(Debug, Serialize)]
struct MemoryStats {
    usage: u64,
    max_usage: u64,
    stats: MemoryDetails,
    limit: u64,
}

#[derive(Debug, Serialize)]
struct MemoryDetails {
    hierarchical_memory_limit: u64,
    rss: u64,
    total_rss: u64,
}

#[derive(Debug, Serialize)]
struct NetworkStats {
    rx_bytes: u64,
    rx_packets: u64,
    rx_errors: u64,
    rx_dropped: u64,
    tx_bytes: u64,
    tx_packets: u64,
    tx_errors: u64,
    tx_dropped: u64,
}

#[derive(Debug, Serialize)]
struct NetworkRates {
    rx_bytes_per_sec: f64,
    tx_bytes_per_sec: f64,
}

/// The statistics of one container.
pub fn document(
    version: Version,
    task: &TaskView,
    definition: &Container,
    runtime_id: &str,
    figures: &Figures,
) -> Document {
    let Figures { now, before } = figures;
    Document {
        read: Some(now.at),
        preread: before.as_ref().map(|before| before.at),
        pids_stats: Empty {},
        blkio_stats: BlkioStats::default(),
        num_procs: 0,
        storage_stats: Empty {},
        cpu_stats: cpu_stats(now),
        precpu_stats: before.as_ref().map(cpu_stats).unwrap_or_default(),
        memory_stats: memory_stats(now, definition.memory, task.definition.memory),
        name: definition.name.clone(),
        id: runtime_id.to_owned(),
        networks: now
            .interface
            .as_ref()
            .map(network_stats)
            .into_iter()
            .collect(),
        network_rate_stats: (version == Version::V4)
            .then(|| network_rates(now, before.as_ref()?))
            .flatten(),
    }
}

fn cpu_stats(reading: &Reading) -> CpuStats {
    let kernel = reading.cpu_in_kernel;
    CpuStats {
        cpu_usage: CpuUsage {
            total_usage: nanoseconds(reading.cpu),
            // Both are 0 if the operating system does not tell how the CPU time is divided.
            usage_in_kernelmode: kernel.map_or(0, nanoseconds),
            usage_in_usermode: kernel
                .map_or(0, |kernel| nanoseconds(reading.cpu.saturating_sub(kernel))),
        },
        system_cpu_usage: Some(nanoseconds(reading.machine_cpu)),
        online_cpus: Some(reading.cpus),
        throttling_data: ThrottlingData::default(),
    }
}

/// The limit of a container without one is the task's: the container is killed if the task exceeds it.
fn memory_stats(reading: &Reading, container_mib: Option<u32>, task_mib: u32) -> MemoryStats {
    let bytes = |mib: u32| u64::from(mib) * BYTES_PER_MIB;
    MemoryStats {
        usage: reading.memory,
        max_usage: reading.max_memory,
        stats: MemoryDetails {
            hierarchical_memory_limit: bytes(task_mib),
            rss: reading.memory,
            total_rss: reading.memory,
        },
        limit: bytes(container_mib.unwrap_or(task_mib)),
    }
}

fn network_stats(interface: &InterfaceCounters) -> (String, NetworkStats) {
    let stats = NetworkStats {
        rx_bytes: interface.rx_bytes,
        rx_packets: interface.rx_packets,
        rx_errors: interface.rx_errors,
        rx_dropped: 0,
        tx_bytes: interface.tx_bytes,
        tx_packets: interface.tx_packets,
        tx_errors: interface.tx_errors,
        tx_dropped: 0,
    };
    (interface.name.clone(), stats)
}

fn network_rates(now: &Reading, before: &Reading) -> Option<NetworkRates> {
    let seconds = now.at.since(before.at).as_secs_f64();
    let (now, before) = (now.interface.as_ref()?, before.interface.as_ref()?);
    let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
    (seconds > 0.0).then(|| NetworkRates {
        rx_bytes_per_sec: rate(now.rx_bytes, before.rx_bytes),
        tx_bytes_per_sec: rate(now.tx_bytes, before.tx_bytes),
    })
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
