//! Lab 1: a dashboard with the tasks of both services.

use serde_json::Value;

use super::metrics::workshop;
use crate::guide::{Aws, Finding, Looked, list, text};

/// A line that a dashboard shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Line {
    /// Namespace, name, and the names and values of dimensions.
    metric: Vec<String>,
    statistic: String,
}

/// Metrics and statistics that the dashboard has to show of each service.
const WANTED: [(&str, &str); 3] = [
    ("CPUUtilization", "SampleCount"),
    ("CPUUtilization", "Average"),
    ("MemoryUtilization", "Average"),
];

/// A dashboard of the reader shows the tasks of both services.
pub fn dashboard(aws: &Aws) -> Looked {
    // arn:aws:elasticloadbalancing:REGION:…
    let region = aws.name("LISTENER").split(':').nth(3).unwrap_or_default();
    let of_the_start = format!("{}-{region}", workshop(aws));
    let listed = aws.call(&["cloudwatch", "list-dashboards"])?;
    let entries = list(&listed["DashboardEntries"]).iter();
    let names = entries.map(|entry| text(&entry["DashboardName"]));
    let services = [aws.name("LIKE_SERVICE"), aws.name("MONOLITH_SERVICE")];
    let mut best: Option<Vec<Finding>> = None;
    for name in names.filter(|name| **name != of_the_start) {
        let response = aws.call(&["cloudwatch", "get-dashboard", "--dashboard-name", name])?;
        let body = serde_json::from_str(text(&response["DashboardBody"])).unwrap_or_default();
        let found = shown(name, &lines(&body), services);
        let missing = |findings: &[Finding]| findings.iter().filter(|it| it.is_err()).count();
        if best
            .as_deref()
            .is_none_or(|best| missing(&found) < missing(best))
        {
            best = Some(found);
        }
    }
    Ok(best.unwrap_or_else(|| vec![Err(format!("No dashboard besides {of_the_start} exists."))]))
}

/// Which wanted lines the dashboard has.
fn shown(name: &str, lines: &[Line], services: [&str; 2]) -> Vec<Finding> {
    let wanted = WANTED
        .into_iter()
        .flat_map(|wanted| services.map(|service| (wanted, service)));
    wanted
        .map(|((metric, statistic), service)| {
            let is_wanted = |line: &Line| {
                let [namespace, name, dimensions @ ..] = &line.metric[..] else {
                    return false;
                };
                let mut dimensions = dimensions.chunks(2);
                let is_service = dimensions.any(|it| it == ["ServiceName", service]);
                (&**namespace, &**name, &*line.statistic) == ("AWS/ECS", metric, statistic)
                    && is_service
            };
            let what = format!("{statistic} of {metric} of {service}");
            match lines.iter().any(is_wanted) {
                true => Ok(format!("The dashboard {name} shows {what}.")),
                false => Err(format!("The dashboard {name} does not show {what}.")),
            }
        })
        .collect()
}

/// The lines of all widgets.
fn lines(body: &Value) -> Vec<Line> {
    let widgets = list(&body["widgets"]).iter();
    let metrics = widgets.filter(|widget| widget["type"] == "metric");
    metrics
        .flat_map(|widget| lines_of_widget(&widget["properties"]))
        .collect()
}

/// In the format of CloudWatch's "Dashboard Body Structure and Syntax": `.` repeats the item of the line before, and `...` all its
/// items up to those that follow. The last item can be an object with options.
fn lines_of_widget(properties: &Value) -> Vec<Line> {
    let statistic_of = |object: &Value| object["stat"].as_str().map(str::to_owned);
    let of_widget = statistic_of(properties).unwrap_or_else(|| "Average".to_owned());
    let mut lines: Vec<Line> = Vec::new();
    for items in list(&properties["metrics"]).iter().map(list) {
        let before = lines.last().map_or(&[][..], |line| &line.metric);
        let mut written: Vec<_> = items.iter().filter_map(Value::as_str).collect();
        let repeated = match written.first() {
            Some(&"...") => {
                written.remove(0);
                before.len().saturating_sub(written.len())
            }
            // An expression.
            None => continue,
            Some(_) => 0,
        };
        let mut metric = before[..repeated].to_vec();
        for item in written {
            let item = match item {
                "." => before.get(metric.len()).map_or(item, String::as_str),
                _ => item,
            };
            metric.push(item.to_owned());
        }
        let statistic = items
            .last()
            .and_then(statistic_of)
            .unwrap_or_else(|| of_widget.clone());
        lines.push(Line { metric, statistic });
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SERVICES: [&str; 2] = ["like", "monolith"];

    fn missing(body: &Value) -> Vec<String> {
        let findings = shown("d", &lines(body), SERVICES).into_iter();
        findings.filter_map(Result::err).collect()
    }

    #[test]
    fn abbreviations_and_statistics_of_lines_are_understood() {
        let body = json!({ "widgets": [
            { "type": "text", "properties": { "markdown": "x" } },
            { "type": "metric", "properties": { "stat": "SampleCount", "metrics": [
                ["AWS/ECS", "CPUUtilization", "ClusterName", "c", "ServiceName", "like"],
                ["...", "monolith", { "label": "m" }],
                ["...", { "stat": "Average" }],
            ] } },
            { "type": "metric", "properties": { "metrics": [
                [{ "expression": "m1 / 2" }],
                ["AWS/ECS", "CPUUtilization", "ClusterName", "c", "ServiceName", "like"],
                [".", "MemoryUtilization", ".", ".", ".", "."],
                [".", ".", ".", ".", ".", "monolith"],
            ] } },
        ] });
        assert_eq!(missing(&body), [""; 0]);
    }

    #[test]
    fn what_the_dashboard_does_not_show_is_named() {
        let body = json!({ "widgets": [{ "type": "metric", "properties": { "stat": "SampleCount", "metrics": [
            ["AWS/ECS", "CPUUtilization", "ServiceName", "like"],
            ["AWS/ECS", "CPUUtilization", "ServiceName", "other"],
            ["AWS/Other", "CPUUtilization", "ServiceName", "monolith"],
        ] } }] });
        assert_eq!(
            missing(&body),
            [
                "The dashboard d does not show SampleCount of CPUUtilization of monolith.",
                "The dashboard d does not show Average of CPUUtilization of like.",
                "The dashboard d does not show Average of CPUUtilization of monolith.",
                "The dashboard d does not show Average of MemoryUtilization of like.",
                "The dashboard d does not show Average of MemoryUtilization of monolith.",
            ]
        );
    }

    #[test]
    fn a_body_of_another_form_shows_nothing() {
        for body in [
            json!(null),
            json!({ "widgets": [1, { "type": "metric" }] }),
            json!({ "widgets": [
            { "type": "metric", "properties": { "metrics": [["...", "x"], [".", "."], 1] } },
        ] }),
        ] {
            assert_eq!(missing(&body).len(), 6, "{body}");
        }
    }
}
