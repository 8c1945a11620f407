//! Dashboards. Their bodies are kept as they are; a page can show them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Value, json};
use wire::{Error, arn, shorten};

use crate::time::Timestamp;

/// The types of widgets, by AWS's "Dashboard Body Structure and Syntax".
const WIDGET_TYPES: [&str; 6] = ["alarm", "custom", "explorer", "log", "metric", "text"];

/// Most dashboards, and most widgets of one: limits of AWS.
const MAX_DASHBOARDS: usize = 500;
const MAX_WIDGETS: usize = 500;

/// A dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// A JSON text.
    pub body: String,
    pub last_modified: Timestamp,
}

/// Dashboards by name.
#[derive(Debug, Default)]
pub struct Dashboards(BTreeMap<String, Dashboard>);

/// The ARN of a dashboard. Dashboards belong to no region.
pub fn dashboard_arn(name: &str) -> String {
    arn("cloudwatch", "", &format!("dashboard/{name}"))
}

impl Dashboards {
    /// Creates a dashboard, or replaces it. [`check_dashboard`] has accepted the name and the body.
    ///
    /// # Errors
    ///
    /// Fails if there are too many dashboards.
    pub fn put(&mut self, name: String, body: String, now: Timestamp) -> Result<(), Error> {
        let is_full = self.0.len() >= MAX_DASHBOARDS;
        let dashboard = Dashboard {
            body,
            last_modified: now,
        };
        match self.0.entry(name) {
            Entry::Occupied(mut entry) => {
                entry.insert(dashboard);
            }
            Entry::Vacant(_) if is_full => {
                return Err(invalid_body(&format!(
                    "There are already {MAX_DASHBOARDS} dashboards"
                )));
            }
            Entry::Vacant(entry) => {
                entry.insert(dashboard);
            }
        }
        Ok(())
    }

    /// The dashboard with a name.
    ///
    /// # Errors
    ///
    /// Fails if the name is not valid, or if there is no dashboard with it.
    pub fn get(&self, name: &str) -> Result<&Dashboard, Error> {
        check_name(name)?;
        let dashboard = self.0.get(name);
        dashboard.ok_or_else(|| not_found(format!("Dashboard {name} does not exist")))
    }

    /// The dashboards by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Dashboard)> {
        self.0.iter()
    }

    /// Deletes dashboards.
    ///
    /// # Errors
    ///
    /// Fails without deleting any if a name is not valid, or if there is no dashboard with it.
    pub fn delete(&mut self, names: &[String]) -> Result<(), Error> {
        for name in names {
            check_name(name)?;
        }
        let unknown = names.iter().filter(|name| !self.0.contains_key(*name));
        let unknown: Vec<_> = unknown.map(|name| shorten(name)).collect();
        if !unknown.is_empty() {
            return Err(not_found(format!(
                "The specified dashboard does not exist. [{}]",
                unknown.join(", ")
            )));
        }
        for name in names {
            self.0.remove(name);
        }
        Ok(())
    }
}

/// Checks the name and the body of a dashboard.
///
/// # Errors
///
/// Fails if one of them is not valid.
pub fn check_dashboard(name: &str, body: &str) -> Result<(), Error> {
    check_name(name)?;
    check_body(body)
}

fn check_name(name: &str) -> Result<(), Error> {
    let message = match name {
        "" => "The value for field DashboardName must not be empty.",
        name if name.len() > 255 => {
            "The value for field DashboardName must not have more than 255 characters."
        }
        name if name
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_') =>
        {
            return Ok(());
        }
        _ => {
            "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and \
             underscore (_).\n"
        }
    };
    Err(Error::bad_request("InvalidParameterValue", message))
}

/// Checks the structure of a body, as far as AWS documents it: an object whose widgets have a type and properties.
fn check_body(body: &str) -> Result<(), Error> {
    let Ok(Value::Object(body)) = serde_json::from_str(body) else {
        return Err(invalid_body(
            "The field DashboardBody must be a valid JSON object",
        ));
    };
    let widgets = match body.get("widgets") {
        None => return Ok(()),
        Some(Value::Array(widgets)) if widgets.len() <= MAX_WIDGETS => widgets,
        Some(_) => {
            let message = format!("Should be an array of at most {MAX_WIDGETS} widgets");
            return Err(invalid_parts(&[("/widgets".to_owned(), message)]));
        }
    };
    let mut mistakes = Vec::new();
    for (index, widget) in widgets.iter().enumerate() {
        let path = format!("/widgets/{index}");
        check_widget(widget, &path, &mut mistakes);
    }
    match mistakes.is_empty() {
        true => Ok(()),
        false => Err(invalid_parts(&mistakes)),
    }
}

fn check_widget(widget: &Value, path: &str, mistakes: &mut Vec<(String, String)>) {
    let mut is_wrong = |path: String, message: &str| mistakes.push((path, message.to_owned()));
    let Some(widget) = widget.as_object() else {
        return is_wrong(path.to_owned(), "Should be object");
    };
    let kind = widget
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !WIDGET_TYPES.contains(&kind) {
        is_wrong(format!("{path}/type"), "Should be a type of widget");
    }
    for (name, min) in [("x", 0), ("y", 0), ("width", 1), ("height", 1)] {
        let is_valid = widget
            .get(name)
            .is_none_or(|it| it.as_i64().is_some_and(|it| it >= min));
        if !is_valid {
            is_wrong(
                format!("{path}/{name}"),
                "Should be an integer in its range",
            );
        }
    }
    let Some(properties) = widget.get("properties").and_then(Value::as_object) else {
        return is_wrong(format!("{path}/properties"), "Should be object");
    };
    if kind != "metric" {
        return;
    }
    let metrics = match properties.get("metrics") {
        None => return,
        Some(Value::Array(metrics)) => metrics,
        Some(_) => return is_wrong(format!("{path}/properties/metrics"), "Should be array"),
    };
    for (index, metric) in metrics.iter().enumerate() {
        let path = format!("{path}/properties/metrics/{index}");
        let Some(fields) = metric.as_array() else {
            is_wrong(path, "Should be array");
            continue;
        };
        // The last field can be an object with options.
        let names = match fields.split_last() {
            Some((Value::Object(_), names)) => names,
            _ => fields,
        };
        for (index, _) in names.iter().enumerate().filter(|(_, it)| !it.is_string()) {
            is_wrong(
                format!("{path}/{index}"),
                "Invalid metric field type, only \"String\" type is allowed",
            );
        }
    }
}

/// The error with several mistakes, in the form that AWS's has.
fn invalid_parts(mistakes: &[(String, String)]) -> Error {
    let shown = mistakes.iter().take(10);
    let shown = shown.map(|(path, message)| json!({ "dataPath": path, "message": message }));
    let shown = Value::Array(shown.collect());
    let message = format!(
        "The dashboard body is invalid, there are {} validation errors:\n{shown:#}",
        mistakes.len()
    );
    Error::bad_request("DashboardInvalidInputError", message)
}

fn invalid_body(message: &str) -> Error {
    Error::bad_request("DashboardInvalidInputError", message)
}

fn not_found(message: String) -> Error {
    Error::not_found("DashboardNotFoundError", message)
}
