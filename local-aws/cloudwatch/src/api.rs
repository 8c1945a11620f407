//! Operations of the API CloudWatch (version 2010-08-01), in the three protocols that clients use.
//!
//! Names of parameters and results are those of AWS's model. Some error messages are recorded ones of the real service: those
//! whose source the tests cite. The others are this project's own.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wire::{Api, Error, ErrorNames, Input, Member, MemberTypes, QueryCompatible, Service, Words};

use crate::cloudwatch::CloudWatch;
use crate::model;

mod alarms;
mod dashboards;
mod history;
mod list_metrics;
mod metric_data;
mod pages;
mod put_metric_data;
mod statistics;
mod tags;

/// The errors with other names in the query protocol than in the newer protocols, by AWS's model.
const ERRORS: &[ErrorNames] = &[
    names(
        "ValidationError",
        "ValidationError",
        "com.amazon.coral.validate#ValidationException",
    ),
    names(
        "InvalidParameterValue",
        "InvalidParameterValue",
        "com.amazonaws.cloudwatch.v2010_08_01#InvalidParameterValueException",
    ),
    names(
        "InvalidParameterCombination",
        "InvalidParameterCombination",
        "com.amazonaws.cloudwatch.v2010_08_01#InvalidParameterCombinationException",
    ),
    names(
        "MissingParameter",
        "MissingParameter",
        "com.amazonaws.cloudwatch.v2010_08_01#MissingRequiredParameterException",
    ),
    names(
        "InvalidFormat",
        "InvalidFormat",
        "com.amazonaws.cloudwatch.v2010_08_01#InvalidFormatFault",
    ),
    names(
        "LimitExceeded",
        "LimitExceeded",
        "com.amazonaws.cloudwatch.v2010_08_01#LimitExceededFault",
    ),
    names(
        "ResourceNotFound",
        "ResourceNotFound",
        "com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound",
    ),
    names(
        "DashboardNotFoundError",
        "ResourceNotFound",
        "com.amazonaws.cloudwatch.v2010_08_01#DashboardNotFoundError",
    ),
    names(
        "DashboardInvalidInputError",
        "InvalidParameterInput",
        "com.amazonaws.cloudwatch.v2010_08_01#DashboardInvalidInputError",
    ),
];

const fn names(
    code: &'static str,
    query_code: &'static str,
    error_type: &'static str,
) -> ErrorNames {
    ErrorNames {
        code,
        query_code,
        error_type,
    }
}

/// The members of responses that are times, and those that are maps, by AWS's model.
const MEMBERS: MemberTypes = MemberTypes {
    timestamps: &[
        "AlarmConfigurationUpdatedTimestamp",
        "LastModified",
        "StateTransitionedTimestamp",
        "StateUpdatedTimestamp",
        "Timestamp",
        "Timestamps",
    ],
    maps: &["ExtendedStatistics"],
};

impl CloudWatch {
    /// The API as a service of an AWS endpoint.
    pub fn service(self: &Arc<Self>) -> Service {
        let cloudwatch = Arc::clone(self);
        Service {
            signing_name: "monitoring",
            api: Api::QueryCompatible(QueryCompatible {
                target_prefix: "GraniteServiceVersion20100801",
                version: "2010-08-01",
                namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
                errors: ERRORS,
                members: MEMBERS,
                call: Arc::new(move |operation, input| call(&cloudwatch, operation, input)),
            }),
        }
    }
}

fn call(cloudwatch: &CloudWatch, operation: &str, input: Input) -> Option<Result<Value, Error>> {
    use Words::{Constraints, Parameters};
    Some(match operation {
        "DeleteAlarms" => run(input, model::ALARMS_BY_NAME, Constraints, |request| {
            alarms::delete(cloudwatch, request)
        }),
        "DeleteDashboards" => run(input, model::DELETE_DASHBOARDS, Parameters, |request| {
            dashboards::delete(cloudwatch, &request)
        }),
        "DescribeAlarmHistory" => run(
            input,
            model::DESCRIBE_ALARM_HISTORY,
            Constraints,
            |request| history::describe(cloudwatch, &request),
        ),
        "DescribeAlarms" => run(input, model::DESCRIBE_ALARMS, Constraints, |request| {
            alarms::describe(cloudwatch, &request)
        }),
        "DescribeAlarmsForMetric" => run(
            input,
            model::DESCRIBE_ALARMS_FOR_METRIC,
            Constraints,
            |request| alarms::describe_for_metric(cloudwatch, request),
        ),
        "DisableAlarmActions" => run(input, model::ALARMS_BY_NAME, Constraints, |request| {
            alarms::enable_actions(cloudwatch, request, false)
        }),
        "EnableAlarmActions" => run(input, model::ALARMS_BY_NAME, Constraints, |request| {
            alarms::enable_actions(cloudwatch, request, true)
        }),
        "GetDashboard" => run(input, model::GET_DASHBOARD, Parameters, |request| {
            dashboards::get(cloudwatch, &request)
        }),
        "GetMetricData" => run(input, model::GET_METRIC_DATA, Parameters, |request| {
            metric_data::get(cloudwatch, &request)
        }),
        "GetMetricStatistics" => run(input, model::GET_METRIC_STATISTICS, Parameters, |request| {
            statistics::get(cloudwatch, request)
        }),
        "ListDashboards" => run(input, model::LIST_DASHBOARDS, Parameters, |request| {
            dashboards::list(cloudwatch, &request)
        }),
        "ListMetrics" => run(input, model::LIST_METRICS, Parameters, |request| {
            list_metrics::list(cloudwatch, &request)
        }),
        "ListTagsForResource" => run(input, model::LIST_TAGS, Constraints, |request| {
            tags::list(cloudwatch, &request)
        }),
        "PutDashboard" => run(input, model::PUT_DASHBOARD, Parameters, |request| {
            dashboards::put(cloudwatch, request)
        }),
        "PutMetricAlarm" => run(input, model::PUT_METRIC_ALARM, Constraints, |request| {
            alarms::put(cloudwatch, request)
        }),
        "PutMetricData" => run(input, model::PUT_METRIC_DATA, Parameters, |request| {
            put_metric_data::put(cloudwatch, request)
        }),
        "SetAlarmState" => run(input, model::SET_ALARM_STATE, Constraints, |request| {
            alarms::set_state(cloudwatch, request)
        }),
        "TagResource" => run(input, model::TAG_RESOURCE, Constraints, |request| {
            tags::tag(cloudwatch, request)
        }),
        "UntagResource" => run(input, model::UNTAG_RESOURCE, Constraints, |request| {
            tags::untag(cloudwatch, &request)
        }),
        _ => return None,
    })
}

/// Checks the request of an operation, and calls the operation.
fn run<T: DeserializeOwned>(
    input: Input,
    members: &'static [Member],
    words: Words,
    operation: impl FnOnce(T) -> Result<Value, Error>,
) -> Result<Value, Error> {
    operation(input.parse(members, words)?)
}

/// The result of an operation whose output has no members.
fn empty() -> Value {
    json!({})
}

fn invalid(message: impl Into<String>) -> Error {
    Error::bad_request("ValidationError", message)
}

fn invalid_value(message: impl Into<String>) -> Error {
    Error::bad_request("InvalidParameterValue", message)
}

fn invalid_combination(message: impl Into<String>) -> Error {
    Error::bad_request("InvalidParameterCombination", message)
}

/// The error of a page token that does not belong to the request.
fn invalid_token() -> Error {
    Error::bad_request(
        "InvalidNextToken",
        "The parameter NextToken is not valid for this request",
    )
}
