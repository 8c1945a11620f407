//! Load balancers: describe. Subnets, security groups and the VPC are absent, because a local load balancer has none.

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use wire::Error;

use super::pages::page;
use super::{check_load_balancer, invalid, no_such_load_balancer};
use crate::load_balancer::LoadBalancer;

const TIME: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The load balancer listens only on the loopback address.
const DNS_NAME: &str = "localhost";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DescribeLoadBalancers {
    #[serde(default)]
    load_balancer_arns: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    marker: Option<String>,
    page_size: Option<i64>,
}

pub fn describe(
    load_balancer: &LoadBalancer,
    request: &DescribeLoadBalancers,
) -> Result<Value, Error> {
    let DescribeLoadBalancers {
        load_balancer_arns,
        names,
        marker,
        page_size,
    } = request;
    if !load_balancer_arns.is_empty() && !names.is_empty() {
        return Err(invalid(
            "Load balancer names and load balancer ARNs cannot be specified at the same time",
        ));
    }
    for arn in load_balancer_arns {
        check_load_balancer(load_balancer, arn)?;
    }
    if let Some(name) = names.iter().find(|name| **name != load_balancer.name) {
        return Err(no_such_load_balancer(name));
    }
    let load_balancers = [(
        load_balancer.name.clone(),
        describe_load_balancer(load_balancer),
    )];
    let query = (load_balancer_arns, names);
    page(
        "LoadBalancers",
        load_balancers,
        query,
        marker.as_deref(),
        *page_size,
    )
}

fn describe_load_balancer(load_balancer: &LoadBalancer) -> Value {
    let created = OffsetDateTime::from(load_balancer.created).format(TIME);
    json!({
        "LoadBalancerArn": load_balancer.names.load_balancer_arn(),
        "LoadBalancerName": load_balancer.name,
        "DNSName": DNS_NAME,
        // Only years beyond 9999 cannot be written.
        "CreatedTime": created.unwrap_or_default(),
        "Scheme": "internal",
        "State": { "Code": "active" },
        "Type": "application",
        "IpAddressType": "ipv4",
    })
}
