//! The AWS SDK for Rust, which speaks Smithy RPC v2 CBOR with CloudWatch, and the query protocol as old clients speak it.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, StandardUnit,
    StateValue, Statistic,
};
use axum::http::StatusCode;
use serde_json::json;

use crate::client::{Local, NOON};

async fn client(local: &Local) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = local.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("lab", "lab", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

fn dimension() -> Dimension {
    Dimension::builder().name("Service").value("like").build()
}

#[tokio::test]
async fn the_sdk_publishes_and_reads_metrics() {
    let local = Local::new();
    let client = client(&local).await;
    for (seconds, value) in [(0, 1.5), (60, 2.5)] {
        let datum = MetricDatum::builder()
            .metric_name("m")
            .dimensions(dimension())
            .timestamp(DateTime::from_secs(NOON + seconds))
            .value(value)
            .unit(StandardUnit::Seconds);
        client
            .put_metric_data()
            .namespace("N")
            .metric_data(datum.build())
            .send()
            .await
            .unwrap();
    }
    let metrics = client.list_metrics().namespace("N").send().await.unwrap();
    assert_eq!(metrics.metrics()[0].dimensions(), [dimension()]);

    let metric = Metric::builder()
        .namespace("N")
        .metric_name("m")
        .dimensions(dimension());
    let stat = MetricStat::builder()
        .metric(metric.build())
        .period(60)
        .stat("Average");
    let query = MetricDataQuery::builder().id("a").metric_stat(stat.build());
    let data = client
        .get_metric_data()
        .metric_data_queries(query.build())
        .start_time(DateTime::from_secs(NOON))
        .end_time(DateTime::from_secs(NOON + 120))
        .send()
        .await
        .unwrap();
    let result = &data.metric_data_results()[0];
    assert_eq!(
        (result.label(), result.values()),
        (Some("m"), &[2.5, 1.5][..])
    );
    let times = [60, 0].map(|seconds| DateTime::from_secs(NOON + seconds));
    assert_eq!(result.timestamps(), times);

    let statistics = client
        .get_metric_statistics()
        .namespace("N")
        .metric_name("m")
        .dimensions(dimension())
        .start_time(DateTime::from_secs(NOON))
        .end_time(DateTime::from_secs(NOON + 60))
        .period(60)
        .extended_statistics("p50")
        .send()
        .await
        .unwrap();
    let datapoint = &statistics.datapoints()[0];
    assert_eq!(datapoint.extended_statistics().unwrap()["p50"], 1.5);
    assert_eq!(datapoint.timestamp(), Some(&DateTime::from_secs(NOON)));
}

#[tokio::test]
async fn the_sdk_makes_and_describes_alarms() {
    let local = Local::new();
    let client = client(&local).await;
    client
        .put_metric_alarm()
        .alarm_name("a")
        .namespace("N")
        .metric_name("m")
        .dimensions(dimension())
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(2)
        .threshold(1000.0)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
        .send()
        .await
        .unwrap();
    let set = client
        .set_alarm_state()
        .alarm_name("a")
        .state_value(StateValue::Alarm);
    set.state_reason("test").send().await.unwrap();
    let alarms = client.describe_alarms().send().await.unwrap();
    let alarm = &alarms.metric_alarms()[0];
    assert_eq!(alarm.state_value(), Some(&StateValue::Alarm));
    assert_eq!(
        (alarm.threshold(), alarm.evaluation_periods()),
        (Some(1000.0), Some(2))
    );
    assert_eq!(
        alarm.state_updated_timestamp(),
        Some(&DateTime::from_secs(NOON))
    );
    let history = client
        .describe_alarm_history()
        .alarm_name("a")
        .send()
        .await
        .unwrap();
    assert_eq!(history.alarm_history_items().len(), 2);

    let unknown = client
        .set_alarm_state()
        .alarm_name("b")
        .state_value(StateValue::Ok);
    let error = unknown.state_reason("test").send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    assert!(error.as_service_error().unwrap().is_resource_not_found());
    let error = client
        .get_dashboard()
        .dashboard_name("d")
        .send()
        .await
        .unwrap_err();
    assert!(matches!(error, SdkError::ServiceError(_)));
    assert_eq!(error.code(), Some("ResourceNotFound"));
    assert_eq!(error.message(), Some("Dashboard d does not exist"));
}

#[tokio::test]
async fn a_client_of_the_query_protocol_gets_the_same_results_as_xml() {
    let local = Local::new();
    let (status, body) = local
        .query(
            "PutMetricData",
            "Namespace=N&MetricData.member.1.MetricName=m&MetricData.member.1.Timestamp=2026-11-27T12%3A00%3A00.250Z&\
             MetricData.member.1.Value=1.5&MetricData.member.1.Dimensions.member.1.Name=D&\
             MetricData.member.1.Dimensions.member.1.Value=v",
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    // The operation has no result.
    let start = "<PutMetricDataResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"><ResponseMetadata><RequestId>";
    assert!(body.starts_with(start), "{body}");

    let (_, body) = local
        .query(
            "GetMetricStatistics",
            "Namespace=N&MetricName=m&Dimensions.member.1.Name=D&Dimensions.member.1.Value=v&Period=60&\
             StartTime=2026-11-27T12%3A00%3A00Z&EndTime=2026-11-27T13%3A00%3A00%2B01%3A00&ExtendedStatistics.member.1=p50",
        )
        .await;
    assert!(
        body.contains("StartTime must be less than the parameter EndTime"),
        "{body}"
    );
    let (_, body) = local
        .query(
            "GetMetricStatistics",
            "Namespace=N&MetricName=m&Dimensions.member.1.Name=D&Dimensions.member.1.Value=v&Period=60&\
             StartTime=2026-11-27T12%3A00%3A00Z&EndTime=2026-11-27T12%3A01%3A00Z&ExtendedStatistics.member.1=p50",
        )
        .await;
    let member = "<Datapoints><member><ExtendedStatistics><entry><key>p50</key><value>1.5</value></entry></ExtendedStatistics>\
                  <Timestamp>2026-11-27T12:00:00Z</Timestamp><Unit>None</Unit></member></Datapoints><Label>m</Label>";
    assert!(body.contains(member), "{body}");

    local.set_seconds(1);
    let (status, body) = local
        .query(
            "PutMetricAlarm",
            "AlarmName=a&Namespace=N&MetricName=m&Statistic=Sum&Period=60&EvaluationPeriods=1&Threshold=1000&\
             ComparisonOperator=GreaterThanThreshold&ActionsEnabled=false&AlarmActions=",
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (_, body) = local.query("DescribeAlarms", "MaxRecords=10").await;
    for element in [
        "<ActionsEnabled>false</ActionsEnabled>",
        "<StateUpdatedTimestamp>2026-11-27T12:00:01Z</StateUpdatedTimestamp>",
        "<Threshold>1000.0</Threshold>",
        "<Period>60</Period>",
        "<CompositeAlarms></CompositeAlarms>",
    ] {
        assert!(body.contains(element), "{element} {body}");
    }
    for (parameters, text) in [
        ("Period=sixty", "The parameter Period must be an integer"),
        ("Threshold=many", "The parameter Threshold must be a number"),
        (
            "ActionsEnabled=1",
            "The parameter ActionsEnabled must be true or false",
        ),
        ("OKActions.member.x=a", "number of a list item"),
    ] {
        let (status, body) = local
            .query("PutMetricAlarm", &format!("AlarmName=a&{parameters}"))
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(
            body.contains("<Code>MalformedInput</Code>") && body.contains(text),
            "{body}"
        );
    }
}

/// Clients compress requests of PutMetricData with more than 10 KiB.
#[tokio::test]
async fn a_compressed_request_is_read() {
    let local = Local::new();
    let client = client(&local).await;
    let mut put = client.put_metric_data().namespace("N");
    for number in 0..500 {
        let datum = MetricDatum::builder()
            .metric_name(format!("m{number}"))
            .value(1.0);
        put = put.metric_data(datum.timestamp(DateTime::from_secs(NOON)).build());
    }
    put.send().await.unwrap();
    let metrics = local.ok("ListMetrics", json!({})).await;
    assert_eq!(metrics["Metrics"].as_array().unwrap().len(), 500);
}
