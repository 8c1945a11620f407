//! Metrics of CloudWatch: values of whole minutes.

use crate::guide::{Aws, Failure, list, number, text, time};

/// How far back metrics are read, in minutes.
pub const RECENT_MINUTES: i64 = 15;

/// Tells a reader why a value may be absent.
pub const LATE: &str =
    "CloudWatch gets the values of a minute at its end: check again in a minute.";

/// A metric of the load balancer or of ECS.
pub struct Metric {
    namespace: &'static str,
    name: &'static str,
    statistic: &'static str,
    dimensions: Vec<String>,
}

/// A value and the start of its minute in seconds since the Unix epoch.
pub type Value = (i64, f64);

impl Metric {
    /// A metric of a service. `variable` has the name of the service.
    pub fn of_service(
        aws: &Aws,
        variable: &str,
        name: &'static str,
        statistic: &'static str,
    ) -> Self {
        Self {
            namespace: "AWS/ECS",
            name,
            statistic,
            dimensions: vec![
                format!("Name=ClusterName,Value={}", aws.name("CLUSTER")),
                format!("Name=ServiceName,Value={}", aws.name(variable)),
            ],
        }
    }

    /// A count of the load balancer.
    pub fn of_load_balancer(aws: &Aws, name: &'static str) -> Self {
        // arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/ID
        let listener = aws.name("LISTENER");
        let parts = listener.split_once("listener/").map_or("", |it| it.1);
        let load_balancer = parts.rsplit_once('/').map_or("", |it| it.0);
        Self {
            namespace: "AWS/ApplicationELB",
            name,
            statistic: "Sum",
            dimensions: vec![format!("Name=LoadBalancer,Value={load_balancer}")],
        }
    }

    /// The requests that the Like service got.
    pub fn likes(aws: &Aws) -> Self {
        let mut metric = Self::of_load_balancer(aws, "RequestCount");
        let arn = aws.name("LIKE_TARGET_GROUP");
        let group = arn.rsplit(':').next().unwrap_or_default();
        metric
            .dimensions
            .push(format!("Name=TargetGroup,Value={group}"));
        metric
    }

    /// The values of the last minutes that have one, the oldest first.
    pub fn values(&self, aws: &Aws, minutes: i64) -> Result<Vec<Value>, Failure> {
        let (start, end) = ((aws.now - 60 * minutes).to_string(), aws.now.to_string());
        let mut command = vec!["cloudwatch", "get-metric-statistics", "--period", "60"];
        command.extend(["--namespace", self.namespace, "--metric-name", self.name]);
        command.extend(["--statistics", self.statistic]);
        command.extend(["--start-time", &start, "--end-time", &end, "--dimensions"]);
        command.extend(self.dimensions.iter().map(String::as_str));
        let response = aws.call(&command)?;
        let points = list(&response["Datapoints"]).iter();
        let mut values: Vec<_> = points
            .map(|point| (time(&point["Timestamp"]), number(&point[self.statistic])))
            .collect();
        values.sort_by_key(|(minute, _)| *minute);
        Ok(values)
    }
}

/// The sum of values. The sum of an empty iterator is -0.0, which is shown as -0.
pub fn sum<'a>(values: impl IntoIterator<Item = &'a Value>) -> f64 {
    values
        .into_iter()
        .fold(0.0, |total, (_, value)| total + value)
}

/// The prefix of the names of the installation's resources.
pub fn workshop(aws: &Aws) -> &str {
    let group = aws.name("LIKE_LOG_GROUP");
    group.split_once("-Mythical").map_or(group, |it| it.0)
}

/// The state of an alarm in a sentence.
pub fn alarm_state(alarm: &serde_json::Value) -> String {
    let (name, state) = (text(&alarm["AlarmName"]), text(&alarm["StateValue"]));
    format!("The alarm {name} is {state}.")
}
