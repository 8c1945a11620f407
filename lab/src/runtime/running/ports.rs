//! The ports of a task.

use ecs::{Binding, Protocol, TaskDefinition};

use super::state::State;

/// The port on which a program listens whose environment has no `PORT`.
const DEFAULT_PORT: u16 = 80;

/// The TCP ports on which the containers listen.
pub fn tcp_ports(definition: &TaskDefinition) -> Vec<u16> {
    let mappings = definition
        .containers
        .iter()
        .flat_map(|it| &it.port_mappings);
    let tcp = mappings.filter(|mapping| mapping.protocol == Protocol::Tcp);
    tcp.map(|mapping| mapping.container_port).collect()
}

/// The port that the environment sets.
pub fn port_of(environment: &[(String, String)]) -> u16 {
    let port = environment.iter().find(|(name, _)| name == "PORT");
    port.and_then(|(_, port)| port.parse().ok())
        .unwrap_or(DEFAULT_PORT)
}

/// Where the ports of the containers are.
pub fn bindings(
    definition: &TaskDefinition,
    containers: &[State],
    needs_free_port: bool,
) -> Vec<Binding> {
    let containers = definition.containers.iter().zip(containers);
    let bindings = containers.flat_map(|(container, state)| {
        container.port_mappings.iter().map(move |mapping| Binding {
            container: container.name.clone(),
            container_port: mapping.container_port,
            host_port: host_port(
                mapping.container_port,
                state.program_port,
                state.listens_at.map_or(0, |address| address.port()),
                needs_free_port,
            ),
            protocol: mapping.protocol,
        })
    });
    bindings.collect()
}

/// The port at the task's address for a port of the task definition. `program_port` is the port of the program's environment,
/// and `listening_port` is the one on which it listens.
fn host_port(
    container_port: u16,
    program_port: u16,
    listening_port: u16,
    needs_free_port: bool,
) -> u16 {
    match needs_free_port {
        false => container_port,
        true if container_port == program_port => listening_port,
        // The program does not listen on this port. Another program can listen on it at a shared address, and must not get
        // the requests: nothing listens on port 0.
        true => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_the_task_definition_is_the_port_at_the_tasks_own_address() {
        assert_eq!(host_port(8080, 8080, 8080, false), 8080);
        // The program listens on another port than its task definition says. Nothing answers on 8080, as on AWS.
        assert_eq!(host_port(8080, 9090, 9090, false), 8080);
    }

    #[test]
    fn at_a_shared_address_a_port_is_the_free_port_of_the_program_that_listens_on_it() {
        assert_eq!(host_port(8080, 8080, 54_321, true), 54_321);
        assert_eq!(host_port(8001, 8080, 54_321, true), 0);
    }

    #[test]
    fn the_port_of_a_program_is_that_of_its_environment() {
        let environment = [("PORT".to_owned(), "8081".to_owned())];
        assert_eq!(port_of(&environment), 8081);
        assert_eq!(port_of(&[]), 80);
    }
}
