//! What AWS's model of CloudWatch says about the parameters of the operations. The lengths, ranges and sets are those of
//! `cloudwatch/2010-08-01/service-2.json` in botocore. A member that the model has and this crate does not is absent here, so
//! that a request with it is refused.

use wire::{Member, Shape};

/// The units of metrics.
pub const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

const fn required(name: &'static str, shape: Shape) -> Member {
    Member {
        name,
        shape,
        is_required: true,
    }
}

const fn optional(name: &'static str, shape: Shape) -> Member {
    Member {
        name,
        shape,
        is_required: false,
    }
}

const fn text(min: usize, max: usize) -> Shape {
    Shape::Text { min, max }
}

const fn list(member: &'static Shape, min: usize, max: usize) -> Shape {
    Shape::List { member, min, max }
}

const fn at_least(min: i64) -> Shape {
    Shape::Integer {
        min,
        max: i32::MAX as i64,
    }
}

const ANY_TEXT: Shape = text(0, usize::MAX);
const NAMESPACE: Shape = Shape::Pattern {
    min: 1,
    max: 255,
    pattern: "[^:].*",
    is_match: |text| !text.starts_with(':') && !text.is_empty(),
};
const NAME: Shape = text(1, 255);
const UNIT: Shape = Shape::Enum(&UNITS);
const STATISTIC: Shape = Shape::Enum(&["SampleCount", "Average", "Sum", "Minimum", "Maximum"]);
// The order is that of AWS's recorded messages.
const STATE: Shape = Shape::Enum(&["INSUFFICIENT_DATA", "ALARM", "OK"]);
const SCAN_BY: Shape = Shape::Enum(&["TimestampDescending", "TimestampAscending"]);
const DIMENSION: Shape = Shape::Structure(&[
    required("Name", text(1, 255)),
    required("Value", text(1, 1024)),
]);
const DIMENSIONS: Shape = list(&DIMENSION, 0, 30);
const DOUBLES: Shape = list(&Shape::Double, 0, usize::MAX);
const ACTIONS: Shape = list(&text(1, 1024), 0, 5);
const ALARM_NAMES: Shape = list(&NAME, 0, 100);
const ALARM_TYPES: Shape = list(
    &Shape::Enum(&["CompositeAlarm", "MetricAlarm", "LogAlarm"]),
    0,
    usize::MAX,
);
const MAX_RECORDS: Shape = Shape::Integer { min: 1, max: 100 };
const TAGS: Shape = list(
    &Shape::Structure(&[
        required("Key", text(1, 128)),
        required("Value", text(0, 256)),
    ]),
    0,
    usize::MAX,
);
const METRIC: Shape = Shape::Structure(&[
    optional("Namespace", NAMESPACE),
    optional("MetricName", NAME),
    optional("Dimensions", DIMENSIONS),
]);
const METRIC_DATA_QUERY: Shape = Shape::Structure(&[
    required("Id", NAME),
    optional(
        "MetricStat",
        Shape::Structure(&[
            required("Metric", METRIC),
            required("Period", at_least(1)),
            required("Stat", ANY_TEXT),
            optional("Unit", UNIT),
        ]),
    ),
    optional("Expression", text(1, 2048)),
    optional("Label", ANY_TEXT),
    optional("ReturnData", Shape::Boolean),
    optional("Period", at_least(1)),
    optional("AccountId", NAME),
]);
const METRIC_DATA_QUERIES: Shape = list(&METRIC_DATA_QUERY, 0, usize::MAX);

pub const PUT_METRIC_DATA: &[Member] = &[
    required("Namespace", NAMESPACE),
    // The documentation of PutMetricData has this limit.
    optional("MetricData", list(&DATUM, 0, 1000)),
];
const DATUM: Shape = Shape::Structure(&[
    required("MetricName", NAME),
    optional("Dimensions", DIMENSIONS),
    optional("Timestamp", Shape::Timestamp),
    optional("Value", Shape::Double),
    optional(
        "StatisticValues",
        Shape::Structure(&[
            required("SampleCount", Shape::Double),
            required("Sum", Shape::Double),
            required("Minimum", Shape::Double),
            required("Maximum", Shape::Double),
        ]),
    ),
    optional("Values", DOUBLES),
    optional("Counts", DOUBLES),
    optional("Unit", UNIT),
    optional("StorageResolution", at_least(1)),
]);

pub const LIST_METRICS: &[Member] = &[
    optional("Namespace", NAMESPACE),
    optional("MetricName", NAME),
    optional(
        "Dimensions",
        list(
            &Shape::Structure(&[
                required("Name", text(1, 255)),
                optional("Value", text(1, 1024)),
            ]),
            0,
            10,
        ),
    ),
    optional("NextToken", ANY_TEXT),
    optional("RecentlyActive", Shape::Enum(&["PT3H"])),
];

pub const GET_METRIC_DATA: &[Member] = &[
    required("MetricDataQueries", METRIC_DATA_QUERIES),
    required("StartTime", Shape::Timestamp),
    required("EndTime", Shape::Timestamp),
    optional("NextToken", ANY_TEXT),
    optional("ScanBy", SCAN_BY),
    optional("MaxDatapoints", at_least(1)),
];

pub const GET_METRIC_STATISTICS: &[Member] = &[
    required("Namespace", NAMESPACE),
    required("MetricName", NAME),
    optional("Dimensions", DIMENSIONS),
    required("StartTime", Shape::Timestamp),
    required("EndTime", Shape::Timestamp),
    required("Period", at_least(1)),
    optional("Statistics", list(&STATISTIC, 1, 5)),
    optional("ExtendedStatistics", list(&ANY_TEXT, 1, 10)),
    optional("Unit", UNIT),
];

pub const PUT_METRIC_ALARM: &[Member] = &[
    required("AlarmName", NAME),
    optional("AlarmDescription", text(0, 1024)),
    optional("ActionsEnabled", Shape::Boolean),
    optional("OKActions", ACTIONS),
    optional("AlarmActions", ACTIONS),
    optional("InsufficientDataActions", ACTIONS),
    optional("MetricName", NAME),
    optional("Namespace", NAMESPACE),
    optional("Statistic", STATISTIC),
    optional("ExtendedStatistic", ANY_TEXT),
    optional("Dimensions", DIMENSIONS),
    optional("Period", at_least(1)),
    optional("Unit", UNIT),
    optional("EvaluationPeriods", at_least(1)),
    optional("DatapointsToAlarm", at_least(1)),
    optional("Threshold", Shape::Double),
    optional(
        "ComparisonOperator",
        Shape::Enum(&[
            "GreaterThanOrEqualToThreshold",
            "GreaterThanThreshold",
            "LessThanThreshold",
            "LessThanOrEqualToThreshold",
            "LessThanLowerOrGreaterThanUpperThreshold",
            "LessThanLowerThreshold",
            "GreaterThanUpperThreshold",
        ]),
    ),
    optional("TreatMissingData", text(1, 255)),
    optional("EvaluateLowSampleCountPercentile", text(1, 255)),
    optional("Metrics", METRIC_DATA_QUERIES),
    optional("Tags", TAGS),
];

pub const DESCRIBE_ALARMS: &[Member] = &[
    optional("AlarmNames", ALARM_NAMES),
    optional("AlarmNamePrefix", NAME),
    optional("AlarmTypes", ALARM_TYPES),
    optional("StateValue", STATE),
    optional("ActionPrefix", text(1, 1024)),
    optional("MaxRecords", MAX_RECORDS),
    optional("NextToken", ANY_TEXT),
];

pub const DESCRIBE_ALARMS_FOR_METRIC: &[Member] = &[
    required("MetricName", NAME),
    required("Namespace", NAMESPACE),
    optional("Statistic", STATISTIC),
    optional("ExtendedStatistic", ANY_TEXT),
    optional("Dimensions", DIMENSIONS),
    optional("Period", at_least(1)),
    optional("Unit", UNIT),
];

pub const DESCRIBE_ALARM_HISTORY: &[Member] = &[
    optional("AlarmName", NAME),
    optional("AlarmTypes", ALARM_TYPES),
    optional(
        "HistoryItemType",
        Shape::Enum(&[
            "ConfigurationUpdate",
            "StateUpdate",
            "Action",
            "AlarmContributorStateUpdate",
            "AlarmContributorAction",
        ]),
    ),
    optional("StartDate", Shape::Timestamp),
    optional("EndDate", Shape::Timestamp),
    optional("MaxRecords", MAX_RECORDS),
    optional("NextToken", ANY_TEXT),
    optional("ScanBy", SCAN_BY),
];

pub const SET_ALARM_STATE: &[Member] = &[
    required("AlarmName", NAME),
    required("StateValue", STATE),
    required("StateReason", text(0, 1023)),
    optional("StateReasonData", text(0, 4000)),
];

/// Of EnableAlarmActions, DisableAlarmActions and DeleteAlarms.
pub const ALARMS_BY_NAME: &[Member] = &[required("AlarmNames", ALARM_NAMES)];

pub const PUT_DASHBOARD: &[Member] = &[
    required("DashboardName", ANY_TEXT),
    required("DashboardBody", ANY_TEXT),
];

pub const GET_DASHBOARD: &[Member] = &[required("DashboardName", ANY_TEXT)];

pub const LIST_DASHBOARDS: &[Member] = &[
    optional("DashboardNamePrefix", ANY_TEXT),
    optional("NextToken", ANY_TEXT),
];

pub const DELETE_DASHBOARDS: &[Member] =
    &[required("DashboardNames", list(&ANY_TEXT, 0, usize::MAX))];

const RESOURCE_ARN: Member = required("ResourceARN", text(1, 1024));

pub const LIST_TAGS: &[Member] = &[RESOURCE_ARN];

pub const TAG_RESOURCE: &[Member] = &[RESOURCE_ARN, required("Tags", TAGS)];

pub const UNTAG_RESOURCE: &[Member] = &[
    RESOURCE_ARN,
    required("TagKeys", list(&text(1, 128), 0, usize::MAX)),
];
