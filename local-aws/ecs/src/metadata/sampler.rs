//! Reads the figures of processes from the operating system.
//!
//! The counters of the network are those of the loopback interface, because operating systems do not count bytes by
//! process. All tasks of the machine share that interface, as the containers of one task share theirs on Fargate.

use std::collections::HashMap;
use std::io;
use std::num::NonZero;
use std::time::Duration;

use sysinfo::{Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

use super::figures::{Figures, InterfaceCounters, Reading};
use crate::time::Timestamp;

/// Keeps the last two readings of each process.
pub struct Sampler {
    system: System,
    networks: Networks,
    machine_start: Timestamp,
    cpus: u32,
    figures: HashMap<u32, Figures>,
}

impl Sampler {
    /// A sampler without readings.
    ///
    /// # Errors
    ///
    /// When the operating system does not tell about processes, networks, or its own start.
    pub fn new() -> io::Result<Self> {
        let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            system: System::new_with_specifics(RefreshKind::nothing()).map_err(io::Error::other)?,
            networks: Networks::new().map_err(io::Error::other)?,
            machine_start: Timestamp(Duration::from_secs(
                System::boot_time().map_err(io::Error::other)?,
            )),
            cpus: u32::try_from(cpus).unwrap_or(u32::MAX),
            figures: HashMap::new(),
        })
    }

    /// Reads the figures of the processes `pids`, and forgets all other processes.
    pub fn sample(&mut self, pids: &[u32], now: Timestamp) {
        let mut previous = std::mem::take(&mut self.figures);
        // The processes of the last call are read again, so that `System` removes those that have ended.
        let processes = pids.iter().chain(previous.keys());
        let processes: Vec<Pid> = processes.copied().map(Pid::from_u32).collect();
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&processes),
            true,
            ProcessRefreshKind::nothing()
                .with_cpu()
                .with_memory()
                .without_tasks(),
        );
        self.networks.refresh(true);
        for &pid in pids {
            let before = previous.remove(&pid).map(|figures| figures.now);
            if let Some(now) = self.read(pid, now, before.as_ref()) {
                self.figures.insert(pid, Figures { now, before });
            }
        }
    }

    /// The figures of a process at the last call of [`sample`](Self::sample). `None` if it did not run then.
    pub fn figures(&self, pid: u32) -> Option<&Figures> {
        self.figures.get(&pid)
    }

    fn read(&self, pid: u32, now: Timestamp, before: Option<&Reading>) -> Option<Reading> {
        let process = self.system.process(Pid::from_u32(pid))?;
        let cpu = Duration::from_millis(process.accumulated_cpu_time());
        let memory = process.memory();
        Some(Reading {
            at: now,
            cpu,
            cpu_in_kernel: kernel_share(pid).map(|share| cpu.mul_f64(share)),
            memory,
            max_memory: before.map_or(memory, |before| before.max_memory.max(memory)),
            machine_cpu: now.since(self.machine_start) * self.cpus,
            cpus: self.cpus,
            interface: self.loopback(),
        })
    }

    /// `lo` on Linux, `lo0` on macOS.
    fn loopback(&self) -> Option<InterfaceCounters> {
        let mut interfaces = self.networks.iter();
        let (name, data) = interfaces.find(|(name, _)| *name == "lo" || *name == "lo0")?;
        Some(InterfaceCounters {
            name: name.to_string_lossy().into_owned(),
            rx_bytes: data.total_received(),
            rx_packets: data.total_packets_received(),
            rx_errors: data.total_errors_on_received(),
            tx_bytes: data.total_transmitted(),
            tx_packets: data.total_packets_transmitted(),
            tx_errors: data.total_errors_on_transmitted(),
        })
    }
}

impl std::fmt::Debug for Sampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sampler")
    }
}

/// The share of the kernel in the CPU time of a process, from 0 to 1. Only Linux tells it.
fn kernel_share(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_kernel_share(&stat)
}

/// Reads the fields `utime` and `stime` of `/proc/<pid>/stat` (Linux manual page proc_pid_stat(5)): the fields 14 and 15.
/// The name of the program, field 2, is in parentheses, and can contain spaces and parentheses.
fn parse_kernel_share(stat: &str) -> Option<f64> {
    let (_, fields_from_3) = stat.rsplit_once(')')?;
    let mut times = fields_from_3.split_whitespace().skip(14 - 3);
    let user: f64 = times.next()?.parse().ok()?;
    let kernel: f64 = times.next()?.parse().ok()?;
    (user + kernel > 0.0).then(|| kernel / (user + kernel))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Clock, SystemClock};

    #[test]
    fn a_process_that_burns_cpu_has_a_larger_cpu_time_in_the_next_reading() {
        let clock = SystemClock::start();
        let pid = std::process::id();
        let mut sampler = Sampler::new().unwrap();
        sampler.sample(&[pid], clock.now());
        let first = sampler.figures(pid).unwrap().clone();
        assert_eq!(first.before, None);
        assert!(first.now.memory > 0);

        // Sampling itself needs CPU time.
        let mut samples = 0;
        while sampler.figures(pid).unwrap().now.cpu == first.now.cpu {
            samples += 1;
            assert!(samples < 100_000);
            sampler.sample(&[pid], clock.now());
        }
        let Figures { now, before } = sampler.figures(pid).unwrap();
        assert!(now.cpu > first.now.cpu, "{now:?}");
        assert!(now.machine_cpu > first.now.machine_cpu, "{now:?}");
        assert!(now.max_memory >= now.memory, "{now:?}");
        assert!(now.interface.is_some(), "{now:?}");
        assert!(before.is_some());
    }

    #[test]
    fn a_process_that_does_not_exist_has_no_figures() {
        let mut sampler = Sampler::new().unwrap();
        let pid = u32::try_from(i32::MAX).unwrap();
        sampler.sample(&[pid], SystemClock::start().now());
        assert_eq!(sampler.figures(pid), None);
    }

    #[test]
    fn a_process_that_is_not_sampled_any_more_is_forgotten() {
        let clock = SystemClock::start();
        let pid = std::process::id();
        let mut sampler = Sampler::new().unwrap();
        sampler.sample(&[pid], clock.now());
        sampler.sample(&[], clock.now());
        assert_eq!(sampler.figures(pid), None);
    }

    #[test]
    fn the_kernel_share_is_read_from_a_line_of_proc() {
        let line = "42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 30 10 0 0 20 0 5 0 100";
        assert_eq!(parse_kernel_share(line), Some(0.25));
        for line in [
            "",
            "42 (a) S 1",
            "42 (a) S 1 2 3 4 5 6 7 8 9 10 0 0 0",
            "x y z",
        ] {
            assert_eq!(parse_kernel_share(line), None, "{line}");
        }
    }
}
