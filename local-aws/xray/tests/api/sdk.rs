//! Tests with the AWS SDK for Rust as a client of the program `xray`.

use aws_sdk_xray::Client;
use aws_sdk_xray::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_xray::primitives::DateTime;
use aws_sdk_xray::types::SamplingStatisticsDocument;

use crate::local_xray::{START, like_documents, trace_id};
use crate::server::Process;

fn sdk_client(process: &Process) -> Client {
    let config = aws_sdk_xray::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("lab", "lab", None, None, "test"))
        .endpoint_url(format!("http://{}", process.address))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

fn date_time_at(second: u32) -> DateTime {
    DateTime::from_secs((START + second).into())
}

#[tokio::test]
async fn the_rust_sdk_puts_traces_and_gets_summaries_documents_and_graphs() {
    let process = Process::start(&[]);
    let client = sdk_client(&process);
    let mut put_request = client.put_trace_segments().trace_segment_documents("{}");
    for document in like_documents() {
        put_request = put_request.trace_segment_documents(document.to_string());
    }
    let put_response = put_request.send().await.unwrap();
    let unprocessed_segments = put_response.unprocessed_trace_segments();
    assert_eq!(unprocessed_segments.len(), 1);
    assert_eq!(unprocessed_segments[0].error_code(), Some("MissingId"));

    let summaries = client
        .get_trace_summaries()
        .start_time(date_time_at(0))
        .end_time(date_time_at(60));
    let response = summaries
        .clone()
        .filter_expression(r#"service("monolith") { responsetime > 1 }"#)
        .send()
        .await
        .unwrap();
    let summary = &response.trace_summaries()[0];
    assert_eq!(summary.id(), Some(&*trace_id()));
    assert_eq!(summary.response_time(), Some(1.5));
    assert_eq!(summary.start_time(), Some(&date_time_at(0)));
    assert_eq!(response.traces_processed_count(), Some(1));
    let filter_error = summaries
        .filter_expression("oops")
        .send()
        .await
        .unwrap_err();
    let filter_error = filter_error.into_service_error();
    assert!(filter_error.is_invalid_request_exception());
    assert!(
        format!("{filter_error:?}").contains("position 1"),
        "{filter_error:?}"
    );

    let batch = client
        .batch_get_traces()
        .trace_ids(trace_id())
        .send()
        .await
        .unwrap();
    assert_eq!(batch.traces()[0].segments().len(), 3);
    let graph = client
        .get_service_graph()
        .start_time(date_time_at(0))
        .end_time(date_time_at(60))
        .send()
        .await
        .unwrap();
    let table = graph
        .services()
        .iter()
        .find(|it| it.name() == Some("MysfitsTable"))
        .unwrap();
    assert_eq!(table.r#type(), Some("AWS::DynamoDB::Table"));
    assert_eq!(table.summary_statistics().unwrap().ok_count(), Some(1));
    let series = client
        .get_time_series_service_statistics()
        .start_time(date_time_at(0))
        .end_time(date_time_at(60));
    let series = series.send().await.unwrap();
    let window = &series.time_series_service_statistics()[0];
    assert_eq!(
        window.edge_summary_statistics().unwrap().total_count(),
        Some(1)
    );
}

#[tokio::test]
async fn the_rust_sdk_calls_the_operations_of_sampling_groups_and_encryption() {
    let process = Process::start(&[]);
    let client = sdk_client(&process);
    let rules = client.get_sampling_rules().send().await.unwrap();
    let rule = rules.sampling_rule_records()[0].sampling_rule().unwrap();
    assert_eq!(
        (rule.rule_name(), rule.fixed_rate()),
        (Some("Default"), 0.05)
    );
    let report = SamplingStatisticsDocument::builder()
        .rule_name("Default")
        .client_id("ABCDEF1234567890ABCDEF10")
        .timestamp(date_time_at(0))
        .request_count(10)
        .sampled_count(1);
    let targets = client
        .get_sampling_targets()
        .sampling_statistics_documents(report.build().unwrap());
    let targets = targets.send().await.unwrap();
    assert_eq!(
        targets.sampling_target_documents()[0].reservoir_quota(),
        Some(1)
    );
    assert!(targets.last_rule_modification().is_some());

    let group = client
        .create_group()
        .group_name("errors")
        .filter_expression("error")
        .send()
        .await
        .unwrap();
    let arn = group.group().unwrap().group_arn().unwrap();
    let group = client.get_group().group_arn(arn).send().await.unwrap();
    assert_eq!(group.group().unwrap().filter_expression(), Some("error"));
    client
        .delete_group()
        .group_name("errors")
        .send()
        .await
        .unwrap();
    assert!(
        client
            .get_groups()
            .send()
            .await
            .unwrap()
            .groups()
            .is_empty()
    );
    assert!(
        client
            .get_encryption_config()
            .send()
            .await
            .unwrap()
            .encryption_config()
            .is_some()
    );
    let unknown = client
        .get_insight_summaries()
        .start_time(date_time_at(0))
        .end_time(date_time_at(1))
        .send()
        .await
        .unwrap_err();
    assert!(unknown.into_service_error().is_invalid_request_exception());
}
