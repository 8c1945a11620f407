//! Test vectors in the form of botocore's protocol tests, in the other direction: a serialized request becomes
//! parameters, and a result becomes a response body. `tests/clients/test_query_vectors.py` compares the vectors with
//! botocore.

use serde::Deserialize;
use serde_json::Value;

use super::Form;
use crate::xml;
use crate::xml::MemberTypes;

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
struct Shape {
    text: Option<String>,
    integer: Option<i32>,
    long: Option<i64>,
    double: Option<f64>,
    flag: Option<bool>,
    state: Option<State>,
    id: Option<Id>,
    time: Option<String>,
    texts: Option<Vec<String>>,
    lists: Option<Vec<Vec<String>>>,
    inner: Option<Box<Shape>>,
    inners: Option<Vec<Shape>>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum State {
    InService,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Id(u32);

#[derive(Deserialize)]
struct Suite {
    description: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    serialized: Body,
    params: Value,
}

#[derive(Deserialize)]
struct Body {
    body: String,
}

#[test]
fn a_serialized_request_becomes_its_parameters() {
    let suites: Vec<Suite> = serde_json::from_str(include_str!("vectors/input.json")).unwrap();
    for suite in suites {
        for Case { serialized, params } in suite.cases {
            let form = Form::parse(serialized.body.as_bytes()).unwrap();
            assert_eq!(form.action, "Op");
            let parsed: Shape = form.parameters.parse().unwrap();
            let expected: Shape = serde_json::from_value(params).unwrap();
            assert_eq!(
                parsed, expected,
                "{}: {}",
                suite.description, serialized.body
            );
        }
    }
}

#[derive(Deserialize)]
struct Output {
    description: String,
    result: Value,
    response: Body,
}

#[test]
fn a_result_becomes_a_response_body() {
    let namespace = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";
    let outputs: Vec<Output> = serde_json::from_str(include_str!("vectors/output.json")).unwrap();
    for Output {
        description,
        result,
        response,
    } in outputs
    {
        let body = xml::result_document("Op", namespace, &result, MemberTypes::default(), "id");
        assert_eq!(body, response.body, "{description}");
    }
}
