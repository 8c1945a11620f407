//! Translates spans of the SDK to documents, and validates each document against the JSON schema of segment
//! documents.

use opentelemetry::trace::{Span, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Array, Context, StringValue};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use test_support::segment_schema::violations;

use super::*;

/// The resource that the ECS resource detector returns on Fargate.
fn fargate_resource() -> Resource {
    let create_list =
        |text: &str| AttributeValue::Array(Array::String(vec![StringValue::from(text.to_owned())]));
    Resource::builder_empty()
        .with_service_name("like service")
        .with_attributes([
            KeyValue::new("service.version", "1.2"),
            KeyValue::new("cloud.provider", "aws"),
            KeyValue::new("cloud.platform", "aws_ecs"),
            KeyValue::new("cloud.account.id", "123456789012"),
            KeyValue::new("aws.ecs.launchtype", "fargate"),
            KeyValue::new("container.name", "like"),
            KeyValue::new("aws.log.group.names", create_list("/ecs/like")),
            KeyValue::new(
                "aws.log.group.arns",
                create_list("arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/like"),
            ),
        ])
        .build()
}

/// Translates a span of the kind `kind`. `change_span` sets the attributes, events and status of the span.
fn translate_span(
    resource: &Resource,
    kind: SpanKind,
    change_span: impl FnOnce(&mut opentelemetry_sdk::trace::Span),
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
    change_span(&mut span);
    span.end();
    let mut spans = exporter.get_finished_spans().unwrap();
    let mut translator = DocumentTranslator::default();
    translator.set_resource(resource);
    let document = translator.translate(&mut spans[0]).unwrap();
    assert!(document.len() <= MAX_DOCUMENT_BYTES);
    let document = serde_json::from_slice(&document).unwrap();
    let violations = violations(&document);
    assert!(violations.is_empty(), "{violations:#?} in {document:#}");
    document
}

fn like_service_resource() -> Resource {
    Resource::builder_empty()
        .with_service_name("like service")
        .build()
}

fn read_flags(document: &Value) -> Vec<&str> {
    let mut flags = vec!["error", "throttle", "fault"];
    flags.retain(|flag| document[flag] == true);
    flags
}

#[test]
fn the_http_status_and_not_the_span_status_determines_the_flags() {
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
        for span_status in [Status::Unset, Status::Ok, Status::error("x")] {
            for kind in [SpanKind::Server, SpanKind::Client] {
                let document = translate_span(&like_service_resource(), kind, |span| {
                    span.set_attribute(KeyValue::new("http.response.status_code", status));
                    span.set_status(span_status.clone());
                });
                assert_eq!(read_flags(&document), expected, "{status} {span_status:?}");
            }
        }
    }
}

#[test]
fn a_failure_without_an_http_error_status_is_a_fault_and_a_cancellation_is_an_error() {
    for (kind, error_type, expected) in [
        (SpanKind::Server, "client_disconnected", "error"),
        (SpanKind::Server, "client_stalled", "error"),
        (SpanKind::Server, "shutdown", "fault"),
        (SpanKind::Server, "panic", "fault"),
        (SpanKind::Client, "cancelled", "error"),
        (SpanKind::Client, "no_answer", "fault"),
    ] {
        for (status, has_event) in [(None, false), (None, true), (Some(200), true)] {
            let document = translate_span(&like_service_resource(), kind.clone(), |span| {
                span.set_status(Status::error("x"));
                span.set_attribute(KeyValue::new("error.type", error_type));
                if let Some(status) = status {
                    span.set_attribute(KeyValue::new("http.response.status_code", status));
                }
                if has_event {
                    let message = KeyValue::new("exception.message", "x");
                    span.add_event("exception", vec![message]);
                }
            });
            assert_eq!(read_flags(&document), [expected], "{error_type} {status:?}");
            assert_eq!(document["annotations"]["error_type"], error_type);
            assert_eq!(document.get("cause").is_some(), has_event);
        }
    }
    let document = translate_span(&like_service_resource(), SpanKind::Client, |_| {});
    assert_eq!(read_flags(&document), [] as [&str; 0]);
}

#[test]
fn a_200_response_with_an_exception_event_has_no_flag_and_keeps_its_http_block() {
    let document = translate_span(&like_service_resource(), SpanKind::Server, |span| {
        span.set_attribute(KeyValue::new("http.response.status_code", 200));
        span.set_attribute(KeyValue::new("client.address", "203.0.113.9"));
        span.set_attribute(KeyValue::new("network.peer.address", "10.0.0.1"));
        let message = KeyValue::new("exception.message", "tried again");
        span.add_event("exception", vec![message]);
    });
    assert_eq!(read_flags(&document), [] as [&str; 0]);
    assert_eq!(document["http"]["request"]["x_forwarded_for"], true);
}

#[test]
fn x_forwarded_for_is_set_only_if_the_span_has_a_peer_address() {
    for is_forwarded in [false, true] {
        let user_agent = r#"a","client_ip":"x","x_forwarded_for":true"#;
        let document = translate_span(&like_service_resource(), SpanKind::Server, |span| {
            span.set_attribute(KeyValue::new("http.response.status_code", 200));
            span.set_attribute(KeyValue::new("client.address", "203.0.113.9"));
            span.set_attribute(KeyValue::new("user_agent.original", user_agent));
            if is_forwarded {
                span.set_attribute(KeyValue::new("network.peer.address", "10.0.0.1"));
            }
        });
        let request = &document["http"]["request"];
        assert_eq!(request["user_agent"], user_agent);
        assert_eq!(request.get("x_forwarded_for").is_some(), is_forwarded);
    }
}

#[test]
fn each_exception_contains_the_id_of_its_cause() {
    let document = translate_span(&like_service_resource(), SpanKind::Client, |span| {
        span.set_status(Status::error("x"));
        for message in ["outer", "middle", "inner"] {
            let message = KeyValue::new("exception.message", message);
            span.add_event("exception", vec![message]);
        }
    });
    let exceptions = document["cause"]["exceptions"].as_array().unwrap();
    let messages: Vec<_> = exceptions
        .iter()
        .map(|exception| exception["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["outer", "middle", "inner"]);
    assert_eq!(exceptions[0]["cause"], exceptions[1]["id"]);
    assert_eq!(exceptions[1]["cause"], exceptions[2]["id"]);
    assert_eq!(exceptions[2].get("cause"), None);
}

#[test]
fn elastic_beanstalk_and_sql_are_removed_and_log_groups_are_moved_into_the_aws_block() {
    let server = translate_span(&fargate_resource(), SpanKind::Server, |span| {
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

    let client = translate_span(&fargate_resource(), SpanKind::Client, |span| {
        span.set_attribute(KeyValue::new("peer.service", "monolith"));
        span.set_attribute(KeyValue::new("server.address", "alb.internal"));
    });
    assert_eq!(client.get("sql"), None);
    assert_eq!(client["name"], "monolith");
}

#[test]
fn a_service_namespace_is_not_written_as_an_environment_of_elastic_beanstalk() {
    let resource = Resource::builder_empty()
        .with_service_name("like service")
        .with_attribute(KeyValue::new("service.namespace", "mysfits"))
        .build();
    let document = translate_span(&resource, SpanKind::Server, |_| {});
    assert_eq!(document["aws"].get("elastic_beanstalk"), None);
}

#[test]
fn the_cause_is_removed_from_a_document_that_is_too_large() {
    let document = translate_span(&like_service_resource(), SpanKind::Server, |span| {
        span.set_attribute(KeyValue::new("http.response.status_code", 503));
        span.set_attribute(KeyValue::new("mysfit.id", "m".repeat(2048)));
        span.set_status(Status::error("x"));
        for _ in 0..100 {
            let message = KeyValue::new("exception.message", "e".repeat(1000));
            span.add_event("exception", vec![message]);
        }
    });
    assert_eq!(document.get("cause"), None);
    assert_eq!(read_flags(&document), ["fault"]);
    assert_eq!(
        document["annotations"]["mysfit_id"].as_str().unwrap().len(),
        1000
    );
}

#[test]
fn characters_that_x_ray_does_not_allow_in_a_service_name_become_underscores() {
    // "ि" is a combining vowel sign, and "Ⓐ" is a symbol. `char::is_alphanumeric` returns true for both
    // characters.
    for (service_name, segment_name) in [
        ("like<service>!?", "like_service___"),
        ("Größe 2 @½", "Größe 2 @½"),
        ("हि", "ह_"),
        ("Ⓐ", "_"),
    ] {
        let resource = Resource::builder_empty().with_service_name(service_name);
        let document = translate_span(&resource.build(), SpanKind::Server, |_| {});
        assert_eq!(document["name"], segment_name);
    }
}

#[test]
fn a_service_name_is_cut_to_200_bytes_between_two_characters() {
    let service_name = format!("a{}", "ü".repeat(150));
    let resource = Resource::builder_empty().with_service_name(service_name);
    let document = translate_span(&resource.build(), SpanKind::Server, |_| {});
    assert_eq!(document["name"], format!("a{}", "ü".repeat(99)));
}

proptest::proptest! {
    #[test]
    fn any_service_name_makes_a_valid_document(name in "\\PC{1,300}") {
        let resource = Resource::builder_empty().with_service_name(name);
        translate_span(&resource.build(), SpanKind::Server, |_| {});
    }

    #[test]
    fn any_path_user_agent_host_and_mysfit_id_make_a_valid_document(
        path in "\\PC{0,400}", user_agent in "\\PC{0,400}", host in "[a-z.]{0,300}", id in "\\PC{0,1200}"
    ) {
        let attributes = vec![
            ("url.scheme", "http".to_owned()),
            ("url.path", path),
            ("user_agent.original", user_agent),
            ("server.address", host),
            ("mysfit.id", id),
        ];
        translate_span(&like_service_resource(), SpanKind::Server, |span| {
            for (key, value) in attributes {
                span.set_attribute(KeyValue::new(key, value));
            }
        });
    }
}

#[test]
fn the_end_time_of_a_span_that_ends_before_its_start_is_its_start_time() {
    let hour = std::time::Duration::from_secs(3600);
    let document = translate_span(&like_service_resource(), SpanKind::Server, |span| {
        span.end_with_timestamp(std::time::SystemTime::now() - hour);
    });
    assert_eq!(document["end_time"], document["start_time"]);
}
