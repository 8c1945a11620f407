//! Conditions of rules. Only the condition `path-pattern` is implemented.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, shorten};

use super::invalid;
use crate::pattern::PathPattern;

/// Maximum length of a pattern in characters.
const MAX_LENGTH: usize = 128;

/// Maximum number of patterns of a rule: a quota of AWS.
const MAX_VALUES: usize = 5;

/// Maximum number of wildcards in all patterns of a rule: a quota of AWS.
const MAX_WILDCARDS: usize = 5;

/// The characters of a pattern besides letters and digits.
const SPECIAL_CHARACTERS: &str = "_-.$/~\"'@:+&*?";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Condition {
    field: String,
    #[serde(default)]
    values: Vec<String>,
    path_pattern_config: Option<PathPatternConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct PathPatternConfig {
    #[serde(default)]
    values: Vec<String>,
}

/// Converts the conditions of a rule to its path patterns.
pub fn parse(conditions: Vec<Condition>) -> Result<Vec<PathPattern>, Error> {
    let count = conditions.len();
    let Ok([condition]) = <[Condition; 1]>::try_from(conditions) else {
        let message = format!("A rule must have exactly one 'path-pattern' condition, not {count}");
        return Err(invalid(message));
    };
    if condition.field != "path-pattern" {
        let field = shorten(&condition.field);
        return Err(invalid(format!(
            "The condition field '{field}' is not implemented, only 'path-pattern'"
        )));
    }
    let values = match condition.path_pattern_config {
        Some(_) if !condition.values.is_empty() => {
            return Err(invalid(
                "You cannot provide both Values and 'PathPatternConfig' for a condition of type 'path-pattern'",
            ));
        }
        Some(config) => config.values,
        None if condition.values.len() > 1 => {
            return Err(invalid(
                "The 'path-pattern' field contains too many values; the limit is '1'",
            ));
        }
        None => condition.values,
    };
    check(&values)?;
    Ok(values.iter().map(|value| PathPattern::new(value)).collect())
}

fn check(values: &[String]) -> Result<(), Error> {
    if values.is_empty() {
        return Err(invalid("A condition value must be specified"));
    }
    if values.len() > MAX_VALUES {
        let message = format!("A rule can only have '{MAX_VALUES}' condition values");
        return Err(invalid(message));
    }
    let is_allowed = |it: char| it.is_ascii_alphanumeric() || SPECIAL_CHARACTERS.contains(it);
    for value in values {
        if value.chars().count() > MAX_LENGTH {
            let message =
                format!("The 'path-pattern' value is too long; the limit is '{MAX_LENGTH}'");
            return Err(invalid(message));
        }
        if value.is_empty() || !value.chars().all(is_allowed) {
            return Err(invalid(format!(
                "The 'path-pattern' value '{value}' must have letters, digits and the characters \
                 {SPECIAL_CHARACTERS}"
            )));
        }
    }
    let wildcards = values.iter().flat_map(|value| value.chars());
    if wildcards.filter(|it| "*?".contains(*it)).count() > MAX_WILDCARDS {
        let message = format!("A rule can have at most {MAX_WILDCARDS} wildcards");
        return Err(invalid(message));
    }
    Ok(())
}

/// The conditions as AWS describes them: the values occur twice.
pub fn describe(patterns: &[PathPattern]) -> Value {
    let values: Vec<_> = patterns.iter().map(ToString::to_string).collect();
    json!([{
        "Field": "path-pattern",
        "Values": values,
        "PathPatternConfig": { "Values": values },
    }])
}
