//! The environment in which AWS clients call the lab.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::Ipv4Addr;

use wire::REGION;

use crate::exports::Export;

/// Variables that would select other credentials, or other endpoints than `AWS_ENDPOINT_URL`. An SDK refuses a custom endpoint
/// together with FIPS or dual-stack endpoints.
const INTERFERING: [&str; 7] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
];

/// The prefix of variables with the endpoint of one service, which take precedence over `AWS_ENDPOINT_URL`.
const ENDPOINT_OF_SERVICE: &str = "AWS_ENDPOINT_URL_";

/// The names and the values of the reader's variables.
type Variables = BTreeMap<String, String>;

fn to_text(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

/// The environment in which AWS clients call the lab.
#[derive(Debug)]
pub struct ClientEnvironment {
    /// Names of variables that would select other credentials or endpoints.
    pub unset: Vec<String>,
    pub set: Vec<Export>,
}

impl ClientEnvironment {
    /// What differs from the environment of this process.
    pub fn of_this_process(endpoint: &str) -> Self {
        Self::new(endpoint, &variables())
    }

    fn new(endpoint: &str, variables: &Variables) -> Self {
        let clients = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", "lab"),
            ("AWS_SECRET_ACCESS_KEY", "lab"),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_REGION", REGION),
            // Without a pager, a command prints its whole output and ends.
            ("AWS_PAGER", ""),
        ];
        let clients = clients.map(|(name, value)| Export::new(name, value));
        let without_proxy = hosts_without_proxy(variables);
        let without_proxy = without_proxy.iter().flat_map(|hosts| {
            let names = ["NO_PROXY", "no_proxy"];
            names.map(|name| Export::new(name, hosts))
        });
        let names = variables.keys().map(String::as_str);
        let of_service = names.filter(|name| {
            let service = name.strip_prefix(ENDPOINT_OF_SERVICE);
            service.is_some_and(is_identifier)
        });
        Self {
            unset: INTERFERING
                .into_iter()
                .chain(of_service)
                .map(str::to_owned)
                .collect(),
            set: clients.into_iter().chain(without_proxy).collect(),
        }
    }
}

/// The environment of this process.
fn variables() -> Variables {
    let variables = std::env::vars_os();
    variables
        .map(|(name, value)| (to_text(&name), to_text(&value)))
        .collect()
}

/// Returns the value of `NO_PROXY` with which requests to the lab do not go to the reader's proxy, if there is a proxy that would
/// get them.
fn hosts_without_proxy(variables: &Variables) -> Option<String> {
    let value = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let mut proxies = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].into_iter();
    proxies.find_map(value)?;
    let loopback = Ipv4Addr::LOCALHOST.to_string();
    let Some(hosts) = value("no_proxy").or_else(|| value("NO_PROXY")) else {
        return Some(loopback);
    };
    let mut listed = hosts.split(',').map(str::trim);
    let is_listed = listed.any(|host| host == "*" || host == loopback);
    (!is_listed).then(|| format!("{hosts},{loopback}"))
}

/// A word of a shell command, as an SDK's variables have them: other names cannot be unset in every shell.
fn is_identifier(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables_of(variables: &[(&str, &str)]) -> Variables {
        let variables = variables.iter();
        variables
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn requests_to_the_lab_do_not_go_to_a_proxy() {
        let proxy = ("HTTP_PROXY", "http://proxy.example");
        for (variables, hosts) in [
            (vec![], None),
            (vec![("HTTP_PROXY", "")], None),
            (vec![("NO_PROXY", "a.example")], None),
            (vec![proxy], Some("127.0.0.1")),
            (vec![("all_proxy", "x")], Some("127.0.0.1")),
            (
                vec![proxy, ("NO_PROXY", "a.example")],
                Some("a.example,127.0.0.1"),
            ),
            (vec![proxy, ("no_proxy", "a.example, 127.0.0.1")], None),
            (vec![proxy, ("NO_PROXY", "*")], None),
        ] {
            let found = hosts_without_proxy(&variables_of(&variables));
            assert_eq!(found.as_deref(), hosts, "{variables:?}");
        }
    }

    #[test]
    fn the_endpoints_of_single_services_are_unset() {
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", ""),
            ("AWS_ENDPOINT_URL_$(id)", ""),
            ("HOME", ""),
        ];
        let unset = ClientEnvironment::new("x", &variables_of(&variables)).unset;
        let names: Vec<_> = unset.iter().map(String::as_str).collect();
        let of_services = names.strip_prefix(&INTERFERING).unwrap();
        assert_eq!(of_services, ["AWS_ENDPOINT_URL_DYNAMODB"]);
    }
}
