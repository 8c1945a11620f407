//! Extracts from a document the fields that filter expressions and summaries read.

use std::sync::Arc;

use crate::document::annotations::AnnotationSelector;
use crate::document::lenient::Scalar;
use crate::document::{self, Document, Http};
use crate::interner::Interner;
use crate::trace::{AnnotationValue, Exception, SearchFields};

/// The search fields of a segment or subsegment; `None` if all search fields are absent.
pub fn extract_search_fields(
    document: &Document<'_>,
    interner: &mut Interner,
    annotation_selector: &mut AnnotationSelector,
) -> Option<Box<SearchFields>> {
    let mut fields = SearchFields {
        user: intern_text(&document.user, interner),
        resource_arn: intern_text(&document.resource_arn, interner),
        ..SearchFields::default()
    };
    if let Some(http) = &document.http.fields {
        add_http(&mut fields, http, interner);
    }
    if let Some(aws) = &document.aws.fields {
        fields.account_id = intern_text(&aws.account_id, interner);
        if let Some(ec2) = &aws.ec2.0 {
            fields.availability_zone = intern_text(&ec2.availability_zone, interner);
            fields.instance_id = intern_text(&ec2.instance_id, interner);
        }
    }
    if let Some(pairs) = &document.annotations.0 {
        let selected_annotations = annotation_selector.select_annotations(pairs).into_iter();
        let annotation = |(key, value): (&str, &Scalar<'_>)| {
            let value = intern_annotation_value(value, interner)?;
            Some((interner.intern_text(key), value))
        };
        fields.annotations = selected_annotations.filter_map(annotation).collect();
    }
    if let Some(cause) = &document.cause.fields {
        let exceptions = cause.exceptions.0.iter();
        let exceptions = exceptions.filter_map(|exception| exception.0.as_ref());
        let exception = |exception: &document::Exception<'_>| {
            let exception = Exception {
                kind: intern_text(&exception.kind, interner),
                message: intern_text(&exception.message, interner),
            };
            (exception.kind.is_some() || exception.message.is_some()).then_some(exception)
        };
        fields.exceptions = exceptions.filter_map(exception).collect();
    }
    box_unless_empty(fields)
}

/// The search fields of an inferred segment. `document` is the calling subsegment. The function extracts only
/// the fields that describe the callee.
pub fn extract_callee_fields(
    document: &Document<'_>,
    interner: &mut Interner,
) -> Option<Box<SearchFields>> {
    let mut fields = SearchFields::default();
    if let Some(http) = &document.http.fields {
        add_http(&mut fields, http, interner);
    }
    if let Some(aws) = &document.aws.fields {
        fields.account_id = intern_text(&aws.account_id, interner);
    }
    box_unless_empty(fields)
}

fn add_http(fields: &mut SearchFields, http: &Http<'_>, interner: &mut Interner) {
    if let Some(request) = &http.request.0 {
        fields.url = intern_text(&request.url, interner);
        fields.method = intern_text(&request.method, interner);
        fields.user_agent = intern_text(&request.user_agent, interner);
        fields.client_ip = intern_text(&request.client_ip, interner);
    }
    if let Some(response) = &http.response.0 {
        fields.status = response.status.as_number().map(|status| status as i64);
    }
}

fn intern_annotation_value(value: &Scalar<'_>, interner: &mut Interner) -> Option<AnnotationValue> {
    match value {
        Scalar::Absent => None,
        Scalar::Boolean(boolean) => Some(AnnotationValue::Boolean(*boolean)),
        Scalar::Number(number) => number.as_f64().map(AnnotationValue::Number),
        Scalar::Text(text) => Some(AnnotationValue::Text(interner.intern_text(text))),
    }
}

fn intern_text(value: &Scalar<'_>, interner: &mut Interner) -> Option<Arc<str>> {
    value.as_text().map(|text| interner.intern_text(text))
}

fn box_unless_empty(fields: SearchFields) -> Option<Box<SearchFields>> {
    (fields != SearchFields::default()).then(|| Box::new(fields))
}
