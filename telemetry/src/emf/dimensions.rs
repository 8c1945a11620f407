//! Attributes as the dimensions of CloudWatch metrics.
//!
//! Each distinct set of dimensions is a metric of its own, with its own bill: attributes belong on
//! an instrument only if they take few values.

use std::collections::BTreeMap;

use opentelemetry::{KeyValue, Value};

/// At most as many dimensions make a set.
const MOST: usize = 30;
/// At most as many characters make the name of a dimension.
const LONGEST_NAME: usize = 250;
/// At most as many characters make the value of a dimension.
const LONGEST_VALUE: usize = 1024;

/// The dimension that names the service.
const SERVICE: &str = "service";

/// Names and values, in an order that depends on the names alone.
pub(super) type Dimensions = Vec<(String, String)>;

/// The dimensions of a point of `metric`: the service, then the attributes sorted by their keys.
///
/// Left out is what CloudWatch would refuse the whole line for: values without a visible character,
/// names it does not allow, whatever comes after the thirtieth. Longer values are cut. An attribute
/// named like the metric is left out too, for in a line both would be the same member.
pub(super) fn of<'a>(
    metric: &str,
    service: Option<&Value>,
    attributes: impl Iterator<Item = &'a KeyValue>,
) -> Dimensions {
    let mut attributes: BTreeMap<&str, &Value> = attributes
        .map(|attribute| (attribute.key.as_str(), &attribute.value))
        .collect();
    // The resource knows better than an attribute that happens to have the same name.
    let named = attributes.remove(SERVICE);
    service
        .or(named)
        .map(|service| (SERVICE, service))
        .into_iter()
        .chain(attributes)
        .filter(|(name, _)| *name != metric && is_name(name))
        .map(|(name, value)| (name.to_owned(), text(value)))
        .filter(|(_, value)| !value.trim().is_empty())
        .take(MOST)
        .collect()
}

/// Whether a dimension may have this name. `_aws` is where a line keeps its own members.
fn is_name(name: &str) -> bool {
    name != "_aws"
        && name.len() <= LONGEST_NAME
        && !name.starts_with(':')
        && name.chars().all(is_allowed)
        && !name.trim().is_empty()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .chars()
        .map(|char| if is_allowed(char) { char } else { '?' })
        .take(LONGEST_VALUE)
        .collect()
}

/// CloudWatch takes ASCII without control characters, in names and in values.
fn is_allowed(char: char) -> bool {
    char == ' ' || char.is_ascii_graphic()
}
