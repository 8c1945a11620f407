//! Converts attributes to the dimensions of CloudWatch metrics.
//!
//! CloudWatch stores and bills a separate metric for each distinct set of dimensions. The attributes of an instrument
//! should therefore have few distinct values.

use std::collections::BTreeMap;

use opentelemetry::{KeyValue, Value};

/// Maximum number of dimensions of a metric.
const MAX_DIMENSIONS: usize = 30;

/// Longest name of a dimension in characters.
const MAX_DIMENSION_NAME_CHARS: usize = 250;

/// Longest value of a dimension in characters.
const MAX_DIMENSION_VALUE_CHARS: usize = 1024;

/// The name of the dimension that contains the service name.
const SERVICE_DIMENSION: &str = "service";

/// The names and values of the dimensions of a metric. The dimension `service` is the first dimension, and
/// all further dimensions are sorted by name.
pub(super) type Dimensions = Vec<(String, String)>;

/// Builds the dimensions of a data point of `metric` from the name of the service and the attributes of the point.
///
/// CloudWatch rejects a whole line with an invalid dimension. An attribute is therefore left out if its name
/// is invalid, if its value has no visible character, or if the maximum number of dimensions is reached.
/// Attribute values are cut to [`MAX_DIMENSION_VALUE_CHARS`]. An attribute with the name of the metric is
/// left out, because a JSON object cannot have two members with the same name.
pub(super) fn build_dimensions<'a>(
    metric: &str,
    service: Option<&Value>,
    attributes: impl Iterator<Item = &'a KeyValue>,
) -> Dimensions {
    let mut attributes: BTreeMap<&str, &Value> = attributes
        .map(|attribute| (attribute.key.as_str(), &attribute.value))
        .collect();
    // `service.name` of the resource takes precedence over an attribute `service`.
    let service_attribute = attributes.remove(SERVICE_DIMENSION);
    service
        .or(service_attribute)
        .map(|service| (SERVICE_DIMENSION, service))
        .into_iter()
        .chain(attributes)
        .filter(|(name, _)| *name != metric && is_valid_name(name))
        .map(|(name, value)| (name.to_owned(), to_dimension_value(value)))
        .filter(|(_, value)| !value.trim().is_empty())
        .take(MAX_DIMENSIONS)
        .collect()
}

/// Whether CloudWatch allows `name` as the name of a dimension. The name `_aws` is reserved for the metadata
/// of a line.
fn is_valid_name(name: &str) -> bool {
    name != "_aws"
        && name.len() <= MAX_DIMENSION_NAME_CHARS
        && !name.starts_with(':')
        && name.chars().all(is_allowed_char)
        && !name.trim().is_empty()
}

/// Converts an attribute value to text. Characters that CloudWatch does not allow become question marks.
fn to_dimension_value(value: &Value) -> String {
    value
        .as_str()
        .chars()
        .map(|char| if is_allowed_char(char) { char } else { '?' })
        .take(MAX_DIMENSION_VALUE_CHARS)
        .collect()
}

/// Whether CloudWatch allows `char` in the name or value of a dimension. CloudWatch allows ASCII characters
/// except control characters.
fn is_allowed_char(char: char) -> bool {
    char == ' ' || char.is_ascii_graphic()
}
