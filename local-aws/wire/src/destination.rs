//! Decides from the head of a request to which service it goes.

use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method};

/// What the head of a request says about its operation.
#[derive(Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    /// Smithy RPC v2 CBOR: the path `/service/<service>/operation/<operation>` after `/service/`.
    Cbor(&'a str),
    /// AWS JSON: the value of the header `X-Amz-Target`, `<prefix>.<operation>`.
    Target(&'a str),
    /// The query protocol: the operation is in the body.
    Form,
    /// REST: the operation is the method and the path.
    Path,
}

impl<'a> Destination<'a> {
    /// The destination of `request`.
    pub fn of(request: &'a Request) -> Self {
        let (headers, path) = (request.headers(), request.uri().path());
        if let Some(path) = path.strip_prefix("/service/") {
            return Self::Cbor(path);
        }
        let is_post_to_root = path == "/" && request.method() == Method::POST;
        match headers.get("x-amz-target") {
            Some(target) if is_post_to_root => Self::Target(target.to_str().unwrap_or_default()),
            None if is_post_to_root && is_form(headers) => Self::Form,
            _ => Self::Path,
        }
    }
}

/// The signing name of the service in the header `Authorization`:
/// `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, …`. Signatures are not checked.
pub fn signing_name(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    let mut parts = credential.split([',', ' ']).next()?.rsplit('/');
    (parts.next()? == "aws4_request").then_some(())?;
    parts.next()
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type.unwrap_or_default().split(';').next();
    media_type.is_some_and(|it| {
        it.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

    fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn the_path_comes_before_the_target_and_the_target_before_the_form() {
        let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
        let form = ("content-type", FORM);
        for (method, uri, headers, destination) in [
            (
                "POST",
                "/service/S/operation/O",
                &[target, form][..],
                Destination::Cbor("S/operation/O"),
            ),
            ("POST", "/", &[target, form], Destination::Target(target.1)),
            ("POST", "/?x=1", &[target], Destination::Target(target.1)),
            ("POST", "/", &[form], Destination::Form),
            (
                "POST",
                "/",
                &[("content-type", "Application/X-WWW-Form-urlencoded")],
                Destination::Form,
            ),
            (
                "POST",
                "/",
                &[("content-type", "text/plain")],
                Destination::Path,
            ),
            ("POST", "/", &[], Destination::Path),
            ("GET", "/", &[target], Destination::Path),
            ("POST", "/Groups", &[form], Destination::Path),
        ] {
            let request = request(method, uri, headers);
            assert_eq!(
                Destination::of(&request),
                destination,
                "{method} {uri} {headers:?}"
            );
        }
    }

    #[test]
    fn the_service_of_a_signature_is_the_last_part_of_the_credential_scope() {
        for (authorization, service) in [
            (
                "AWS4-HMAC-SHA256 Credential=lab/20261126/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0",
                Some("sts"),
            ),
            (
                "AWS4-HMAC-SHA256 Credential=a/b/20261126/us-east-1/ecs/aws4_request,SignedHeaders=host",
                Some("ecs"),
            ),
            (
                "AWS4-ECDSA-P256-SHA256 Credential=lab/20261126/s3/aws4_request, Signature=0",
                Some("s3"),
            ),
            ("AWS4-HMAC-SHA256 Credential=lab", None),
            ("AWS4-HMAC-SHA256 Credential=aws4_request", None),
            ("Bearer token", None),
            ("", None),
        ] {
            let request = request("POST", "/", &[("authorization", authorization)]);
            assert_eq!(signing_name(request.headers()), service, "{authorization}");
        }
        assert_eq!(signing_name(&HeaderMap::new()), None);
    }
}
