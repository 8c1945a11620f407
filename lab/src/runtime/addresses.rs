//! The addresses of tasks. On Linux, each task has its own loopback address, as each task on Fargate has its own private
//! address. Other systems have only `127.0.0.1`: there the tasks share it, and listen on free ports.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

/// The UDP port that a lab binds at the first address of its network, so that no other lab uses the same network.
const CLAIM_PORT: u16 = 65_535;

/// Number of addresses that are tried for a task. If its ports are in use at all of them, a program listens on a port at all
/// addresses of this machine.
const MAX_TRIES: usize = 3;

/// The addresses of a lab's tasks. Clones are the same.
#[derive(Clone, Debug)]
pub struct Addresses(Placement);

#[derive(Clone, Debug)]
enum Placement {
    /// Each task has an address in the lab's own network.
    Own(Arc<Network>),
    /// All tasks have `127.0.0.1`.
    Shared,
}

/// The network `127.<number>.0.0/16`.
#[derive(Debug)]
struct Network {
    number: u8,
    hosts: Mutex<Hosts>,
    /// Held as long as the network is used.
    _claim: UdpSocket,
}

/// The last two bytes of addresses.
#[derive(Debug, Default)]
struct Hosts {
    in_use: BTreeSet<u16>,
    last: u16,
}

/// The address of a task, which no other task has until this is dropped.
#[derive(Debug)]
pub struct Lease {
    pub address: IpAddr,
    /// Whether the task must listen on a free port instead of the port of its definition.
    pub needs_free_port: bool,
    held: Option<(Arc<Network>, u16)>,
}

impl Addresses {
    /// Takes a network that no other lab has. Where a process cannot listen on such an address, the tasks share one.
    pub fn claim() -> Self {
        let first = rand::random_range(1..=u8::MAX);
        // Zero is the network of `127.0.0.1`, where other programs listen.
        let numbers = (first..=u8::MAX).chain(1..first);
        Self::claim_one_of(numbers)
    }

    fn claim_one_of(numbers: impl IntoIterator<Item = u8>) -> Self {
        for number in numbers {
            match UdpSocket::bind((Ipv4Addr::new(127, number, 0, 1), CLAIM_PORT)) {
                Ok(claim) => {
                    return Self(Placement::Own(Arc::new(Network {
                        number,
                        hosts: Mutex::new(Hosts {
                            in_use: BTreeSet::new(),
                            last: 1,
                        }),
                        _claim: claim,
                    })));
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(_) => break,
            }
        }
        Self::shared()
    }

    /// One address for all tasks, as on systems that have no other loopback address.
    pub fn shared() -> Self {
        Self(Placement::Shared)
    }

    /// Chooses an address at which `ports` are free. The order of addresses makes the time long until one is used again.
    pub fn lease(&self, ports: &[u16]) -> Lease {
        let Placement::Own(network) = &self.0 else {
            return Lease {
                address: Ipv4Addr::LOCALHOST.into(),
                needs_free_port: true,
                held: None,
            };
        };
        for _ in 1..MAX_TRIES {
            let lease = network.lease();
            if ports.iter().all(|port| is_free(lease.address, *port)) {
                return lease;
            }
        }
        let mut lease = network.lease();
        lease.needs_free_port = !ports.iter().all(|port| is_free(lease.address, *port));
        lease
    }
}

impl Network {
    fn lease(self: &Arc<Self>) -> Lease {
        let host = self.lock().next();
        let [high, low] = host.to_be_bytes();
        Lease {
            address: Ipv4Addr::new(127, self.number, high, low).into(),
            needs_free_port: false,
            held: Some((Arc::clone(self), host)),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hosts {
    /// The next host that is not in use. There are more hosts than processes on a machine.
    fn next(&mut self) -> u16 {
        loop {
            self.last = self.last.wrapping_add(1);
            // 0.0 is the network, 0.1 is the lab's claim, 255.255 is the broadcast address.
            if !matches!(self.last, 0 | 1 | u16::MAX) && self.in_use.insert(self.last) {
                return self.last;
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((network, host)) = &self.held {
            network.lock().in_use.remove(host);
        }
    }
}

/// Whether no program listens on the port. A port that this process may not bind counts as free: the task's own error is
/// clearer.
fn is_free(address: IpAddr, port: u16) -> bool {
    let bound = TcpListener::bind((address, port));
    !bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn each_task_has_its_own_address_and_an_address_is_used_again_only_after_all_others() {
        let addresses = Addresses::claim();
        let leases = [addresses.lease(&[]), addresses.lease(&[])];
        assert_ne!(leases[0].address, leases[1].address);
        assert!(leases.iter().all(|lease| lease.address.is_loopback()));
        assert!(!leases.iter().any(|lease| lease.needs_free_port));
        let used = leases[0].address;
        drop(leases);
        assert_ne!(addresses.lease(&[]).address, used);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn two_labs_have_different_networks() {
        let addresses = Addresses::claim();
        let IpAddr::V4(address) = addresses.lease(&[]).address else {
            panic!("not an IPv4 address");
        };
        let number = address.octets()[1];
        // No network is left for the second lab.
        let second = Addresses::claim_one_of([number]).lease(&[]);
        assert_eq!(second.address, IpAddr::V4(Ipv4Addr::LOCALHOST));
        drop(addresses);
        let third = Addresses::claim_one_of([number]).lease(&[]);
        assert_ne!(third.address, IpAddr::V4(Ipv4Addr::LOCALHOST));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_port_that_is_in_use_at_all_addresses_needs_a_free_port() {
        let addresses = Addresses::claim();
        let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = everywhere.local_addr().unwrap().port();
        assert!(addresses.lease(&[port]).needs_free_port);
        drop(everywhere);
        assert!(!addresses.lease(&[port]).needs_free_port);
    }

    #[test]
    fn where_all_tasks_have_one_address_each_task_needs_a_free_port() {
        let lease = Addresses::shared().lease(&[8080]);
        assert_eq!(lease.address, IpAddr::V4(Ipv4Addr::LOCALHOST));
        assert!(lease.needs_free_port);
    }

    #[test]
    fn a_host_in_use_is_skipped() {
        let mut hosts = Hosts {
            in_use: BTreeSet::from([2, 3]),
            last: u16::MAX - 1,
        };
        assert_eq!(hosts.next(), 4);
        assert_eq!(hosts.next(), 5);
    }
}
