//! Spans of the SDK itself, and the documents that come of them.

use opentelemetry::trace::{Span, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Array, Context, StringValue};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use test_support::segment_schema::violations;

use super::*;

/// Attributes of the resource that ECS's detector finds on Fargate.
fn fargate() -> Resource {
    let arns = |arn: &str| Attribute::Array(Array::String(vec![StringValue::from(arn.to_owned())]));
    Resource::builder_empty()
        .with_service_name("like service")
        .with_attributes([
            KeyValue::new("service.version", "1.2"),
            KeyValue::new("cloud.provider", "aws"),
            KeyValue::new("cloud.platform", "aws_ecs"),
            KeyValue::new("cloud.account.id", "123456789012"),
            KeyValue::new("aws.ecs.launchtype", "fargate"),
            KeyValue::new("container.name", "like"),
            KeyValue::new("aws.log.group.names", arns("/ecs/like")),
            KeyValue::new(
                "aws.log.group.arns",
                arns("arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/like"),
            ),
        ])
        .build()
}

/// The document of one span of this kind, as `describe` leaves it.
fn document(
    resource: &Resource,
    kind: SpanKind,
    describe: impl FnOnce(&mut opentelemetry_sdk::trace::Span),
) -> Value {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .with_resource(resource.clone())
        .build();
    let tracer = provider.tracer("test");
    let parent = tracer.start("parent");
    let parent = Context::new().with_span(parent);
    let builder = tracer.span_builder("span").with_kind(kind);
    let mut span = tracer.build_with_context(builder, &parent);
    describe(&mut span);
    span.end();
    let mut spans = exporter.get_finished_spans().unwrap();
    let mut documents = Documents::default();
    documents.set_resource(resource);
    let mut document = Vec::new();
    documents.write(&mut spans[0], &mut document).unwrap();
    assert!(document.len() <= MAX_DOCUMENT);
    let document = serde_json::from_slice(&document).unwrap();
    let violations = violations(&document);
    assert!(violations.is_empty(), "{violations:#?} in {document:#}");
    document
}

fn plain() -> Resource {
    Resource::builder_empty()
        .with_service_name("like service")
        .build()
}

fn flags(document: &Value) -> Vec<&str> {
    let mut flags = vec!["error", "throttle", "fault"];
    flags.retain(|flag| document[flag] == true);
    flags
}

#[test]
fn flags_follow_the_status_that_was_answered_and_not_the_spans_own() {
    for (status, expected) in [
        (200, vec![]),
        (302, vec![]),
        (400, vec!["error"]),
        (404, vec!["error"]),
        (429, vec!["error", "throttle"]),
        (499, vec!["error"]),
        (500, vec!["fault"]),
        (503, vec!["fault"]),
    ] {
        for own in [Status::Unset, Status::Ok, Status::error("x")] {
            for kind in [SpanKind::Server, SpanKind::Client] {
                let document = document(&plain(), kind, |span| {
                    span.set_attribute(KeyValue::new("http.response.status_code", status));
                    span.set_status(own.clone());
                });
                assert_eq!(flags(&document), expected, "{status} {own:?}");
            }
        }
    }
}

#[test]
fn a_failure_without_an_answer_that_says_so_is_a_fault_unless_the_caller_gave_up() {
    for (kind, error_type, expected) in [
        (SpanKind::Server, "client_disconnected", "error"),
        (SpanKind::Server, "client_stalled", "error"),
        (SpanKind::Server, "shutdown", "fault"),
        (SpanKind::Server, "panic", "fault"),
        (SpanKind::Client, "cancelled", "error"),
        (SpanKind::Client, "no_answer", "fault"),
    ] {
        for (status, event) in [(None, false), (None, true), (Some(200), true)] {
            let document = document(&plain(), kind.clone(), |span| {
                span.set_status(Status::error("x"));
                span.set_attribute(KeyValue::new("error.type", error_type));
                if let Some(status) = status {
                    span.set_attribute(KeyValue::new("http.response.status_code", status));
                }
                if event {
                    let message = KeyValue::new("exception.message", "x");
                    span.add_event("exception", vec![message]);
                }
            });
            assert_eq!(flags(&document), [expected], "{error_type} {status:?}");
            assert_eq!(document["annotations"]["error_type"], error_type);
            assert_eq!(document.get("cause").is_some(), event);
        }
    }
    let document = document(&plain(), SpanKind::Client, |_| {});
    assert_eq!(flags(&document), [] as [&str; 0]);
}

#[test]
fn a_failure_that_did_not_show_leaves_the_document_whole() {
    let document = document(&plain(), SpanKind::Server, |span| {
        span.set_attribute(KeyValue::new("http.response.status_code", 200));
        span.set_attribute(KeyValue::new("client.address", "203.0.113.9"));
        span.set_attribute(KeyValue::new("network.peer.address", "10.0.0.1"));
        let message = KeyValue::new("exception.message", "tried again");
        span.add_event("exception", vec![message]);
    });
    assert_eq!(flags(&document), [] as [&str; 0]);
    assert_eq!(document["http"]["request"]["x_forwarded_for"], true);
}

#[test]
fn a_client_whose_address_no_header_told_is_not_forwarded_whatever_it_calls_itself() {
    for forwarded in [false, true] {
        let agent = r#"a","client_ip":"x","x_forwarded_for":true"#;
        let document = document(&plain(), SpanKind::Server, |span| {
            span.set_attribute(KeyValue::new("http.response.status_code", 200));
            span.set_attribute(KeyValue::new("client.address", "203.0.113.9"));
            span.set_attribute(KeyValue::new("user_agent.original", agent));
            if forwarded {
                span.set_attribute(KeyValue::new("network.peer.address", "10.0.0.1"));
            }
        });
        let request = &document["http"]["request"];
        assert_eq!(request["user_agent"], agent);
        assert_eq!(request.get("x_forwarded_for").is_some(), forwarded);
    }
}

#[test]
fn causes_hang_together() {
    let document = document(&plain(), SpanKind::Client, |span| {
        span.set_status(Status::error("x"));
        for message in ["outer", "middle", "inner"] {
            let message = KeyValue::new("exception.message", message);
            span.add_event("exception", vec![message]);
        }
    });
    let exceptions = document["cause"]["exceptions"].as_array().unwrap();
    let messages: Vec<_> = exceptions
        .iter()
        .map(|it| it["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["outer", "middle", "inner"]);
    assert_eq!(exceptions[0]["cause"], exceptions[1]["id"]);
    assert_eq!(exceptions[1]["cause"], exceptions[2]["id"]);
    assert_eq!(exceptions[2].get("cause"), None);
}

#[test]
fn no_block_says_what_is_not_so() {
    let server = document(&fargate(), SpanKind::Server, |span| {
        span.set_attribute(KeyValue::new("client.address", "203.0.113.9"));
    });
    assert_eq!(server["name"], "like service");
    assert_eq!(server["origin"], "AWS::ECS::Fargate");
    assert_eq!(server["aws"].get("elastic_beanstalk"), None);
    assert_eq!(server["http"]["request"].get("x_forwarded_for"), None);
    assert_eq!(server.get("cloudwatch_logs"), None);
    let logs = json!([{
        "log_group": "/ecs/like",
        "arn": "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/like",
    }]);
    assert_eq!(server["aws"]["cloudwatch_logs"], logs);

    let client = document(&fargate(), SpanKind::Client, |span| {
        span.set_attribute(KeyValue::new("peer.service", "monolith"));
        span.set_attribute(KeyValue::new("server.address", "alb.internal"));
    });
    assert_eq!(client.get("sql"), None);
    assert_eq!(client["name"], "monolith");
}

#[test]
fn a_document_that_is_too_large_leaves_out_what_nobody_searches_for() {
    let document = document(&plain(), SpanKind::Server, |span| {
        span.set_attribute(KeyValue::new("http.response.status_code", 503));
        span.set_attribute(KeyValue::new("mysfit.id", "m".repeat(2048)));
        span.set_status(Status::error("x"));
        for _ in 0..100 {
            let message = KeyValue::new("exception.message", "e".repeat(1000));
            span.add_event("exception", vec![message]);
        }
    });
    assert_eq!(document.get("cause"), None);
    assert_eq!(flags(&document), ["fault"]);
    assert_eq!(
        document["annotations"]["mysfit_id"].as_str().unwrap().len(),
        1000
    );
}

#[test]
fn a_name_that_x_ray_would_refuse_is_replaced_where_it_must_be() {
    let odd = Resource::builder_empty()
        .with_service_name("like<service>!?")
        .build();
    let document = document(&odd, SpanKind::Server, |_| {});
    assert_eq!(document["name"], "like_service___");
}

proptest::proptest! {
    #[test]
    fn whatever_a_client_sends_makes_a_right_document(
        path in "\\PC{0,400}", agent in "\\PC{0,400}", host in "[a-z.]{0,300}", id in "\\PC{0,1200}"
    ) {
        let strings = vec![
            ("url.scheme", "http".to_owned()),
            ("url.path", path),
            ("user_agent.original", agent),
            ("server.address", host),
            ("mysfit.id", id),
        ];
        document(&plain(), SpanKind::Server, |span| {
            for (key, value) in strings {
                span.set_attribute(KeyValue::new(key, value));
            }
        });
    }
}

#[test]
fn a_span_during_which_the_clock_was_set_back_ends_when_it_started() {
    let hour = std::time::Duration::from_secs(3600);
    let document = document(&plain(), SpanKind::Server, |span| {
        span.end_with_timestamp(std::time::SystemTime::now() - hour);
    });
    assert_eq!(document["end_time"], document["start_time"]);
}
