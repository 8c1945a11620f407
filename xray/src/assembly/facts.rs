//! What is searched for in a document.

use std::sync::Arc;

use crate::document::annotations::Index;
use crate::document::lenient::Scalar;
use crate::document::{Document, Http};
use crate::interner::Interner;
use crate::trace::{Annotation, Exception, Facts};

/// Of a segment or subsegment.
pub fn of(
    document: &Document<'_>,
    interner: &mut Interner,
    annotations: &mut Index,
) -> Option<Box<Facts>> {
    let mut facts = Facts {
        user: text(&document.user, interner),
        resource: text(&document.resource_arn, interner),
        ..Facts::default()
    };
    if let Some(http) = &document.http.0 {
        add_http(&mut facts, http, interner);
    }
    if let Some(aws) = &document.aws.0 {
        facts.account = text(&aws.account_id, interner);
        if let Some(ec2) = &aws.ec2.0 {
            facts.zone = text(&ec2.availability_zone, interner);
            facts.instance = text(&ec2.instance_id, interner);
        }
    }
    let indexed = annotations.of(&document.annotations).into_iter();
    let annotation = |(key, value): (&str, &Scalar<'_>)| {
        let value = match value {
            Scalar::Absent => return None,
            Scalar::Flag(flag) => Annotation::Flag(*flag),
            Scalar::Number(number) => Annotation::Number(*number),
            Scalar::Text(text) => Annotation::Text(interner.intern_text(text)),
        };
        Some((interner.intern_text(key), value))
    };
    facts.annotations = indexed.filter_map(annotation).collect();
    if let Some(cause) = &document.cause.0 {
        let exceptions = cause.exceptions.0.iter();
        let exceptions = exceptions.filter_map(|exception| exception.0.as_ref());
        let exception = |exception: &crate::document::Exception<'_>| {
            let exception = Exception {
                kind: text(&exception.kind, interner),
                message: text(&exception.message, interner),
            };
            (exception.kind.is_some() || exception.message.is_some()).then_some(exception)
        };
        facts.exceptions = exceptions.filter_map(exception).collect();
    }
    (facts != Facts::default()).then(|| Box::new(facts))
}

/// Of what a subsegment calls: only what the called one would have said.
pub fn of_call(document: &Document<'_>, interner: &mut Interner) -> Option<Box<Facts>> {
    let mut facts = Facts::default();
    if let Some(http) = &document.http.0 {
        add_http(&mut facts, http, interner);
    }
    let aws = document.aws.0.as_ref();
    facts.account = aws.and_then(|aws| text(&aws.account_id, interner));
    (facts != Facts::default()).then(|| Box::new(facts))
}

fn add_http(facts: &mut Facts, http: &Http<'_>, interner: &mut Interner) {
    if let Some(request) = &http.request.0 {
        facts.url = text(&request.url, interner);
        facts.method = text(&request.method, interner);
        facts.user_agent = text(&request.user_agent, interner);
        facts.client_ip = text(&request.client_ip, interner);
    }
    if let Some(response) = &http.response.0 {
        facts.status = response.status.number().map(|status| status as i64);
    }
}

fn text(value: &Scalar<'_>, interner: &mut Interner) -> Option<Arc<str>> {
    value.text().map(|text| interner.intern_text(text))
}
