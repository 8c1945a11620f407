//! What a container used, as the operating system counts it.

use std::time::Duration;

use crate::time::Timestamp;

/// The newest reading of a container, and the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The newest reading.
    pub now: Reading,
    /// The reading before; `None` if there is only one.
    pub before: Option<Reading>,
}

/// The figures of one container at one point in time. All counters count from the start of the container, except those of
/// the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// When the figures were read.
    pub at: Timestamp,
    /// CPU time of the container.
    pub cpu: Duration,
    /// The part of `cpu` that the kernel used; `None` if the operating system does not tell.
    pub cpu_in_kernel: Option<Duration>,
    /// Resident memory in bytes.
    pub memory: u64,
    /// Highest value of `memory` in all readings of the container.
    pub max_memory: u64,
    /// CPU time of all CPUs of the machine since its start, idle time included.
    pub machine_cpu: Duration,
    /// Number of CPUs of the machine.
    pub cpus: u32,
    /// The network interface on which the container communicates.
    pub interface: Option<InterfaceCounters>,
}

/// Counters of a network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceCounters {
    /// The name, for example `lo`.
    pub name: String,
    /// Received bytes.
    pub rx_bytes: u64,
    /// Received packets.
    pub rx_packets: u64,
    /// Errors on reception.
    pub rx_errors: u64,
    /// Sent bytes.
    pub tx_bytes: u64,
    /// Sent packets.
    pub tx_packets: u64,
    /// Errors on sending.
    pub tx_errors: u64,
}
