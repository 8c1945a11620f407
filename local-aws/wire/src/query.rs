//! Requests of the query protocol: a form with the parameters `Action` and `Version`, and the parameters of the
//! operation. A dot in the name of a parameter separates a structure from its member, for example
//! `Actions.member.1.Type`.

mod parameters;
#[cfg(test)]
mod vectors;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use parameters::Node;
pub use parameters::Parameters;

use crate::error::Error;

/// Maximum number of parameters in a request.
const MAX_PARAMETERS: usize = 10_000;

/// Maximum number of parts in the name of a parameter. The requests of CloudWatch have names of nine parts.
const MAX_NAME_PARTS: usize = 16;

/// A parsed request.
#[derive(Debug)]
pub struct Form {
    /// The name of the operation.
    pub action: String,
    /// The version of the service's API, for example `2011-06-15`. The text is empty if the request has no version.
    pub version: String,
    /// The parameters of the operation.
    pub parameters: Parameters,
}

impl Form {
    /// Parses the body of a request.
    ///
    /// # Errors
    ///
    /// Fails if `Action` is absent, if a parameter occurs twice or is both a text and a structure, or if the request has
    /// too many parameters.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut root = BTreeMap::new();
        for (number, (name, value)) in form_urlencoded::parse(body).enumerate() {
            if number == MAX_PARAMETERS {
                let message = format!("The request has more than {MAX_PARAMETERS} parameters");
                return Err(malformed(message));
            }
            insert(&mut root, &name, value)?;
        }
        let mut take = |name| match root.remove(name) {
            None => Ok(String::new()),
            Some(Node::Text(text)) => Ok(text),
            Some(Node::Group(_)) => Err(malformed(format!("{name} must be a text"))),
        };
        let (action, version) = (take("Action")?, take("Version")?);
        if action.is_empty() {
            let message = "The request needs the parameter Action";
            return Err(Error::bad_request("MissingAction", message));
        }
        Ok(Self {
            action,
            version,
            parameters: Parameters(Node::Group(root)),
        })
    }
}

/// Inserts a parameter into the tree of all parameters.
fn insert(root: &mut BTreeMap<String, Node>, name: &str, value: Cow<'_, str>) -> Result<(), Error> {
    let twice = || malformed(format!("The parameter {} occurs twice", shorten(name)));
    let mut group = root;
    let mut parts = name.split('.');
    let last = parts.next_back().unwrap_or_default();
    for (number, part) in parts.enumerate() {
        if number + 2 > MAX_NAME_PARTS {
            let message = format!(
                "The name of the parameter {} has more than {MAX_NAME_PARTS} parts",
                shorten(name)
            );
            return Err(malformed(message));
        }
        let node = group
            .entry(part.to_owned())
            .or_insert_with(|| Node::Group(BTreeMap::new()));
        group = match node {
            Node::Group(members) => members,
            Node::Text(_) => return Err(twice()),
        };
    }
    match group.entry(last.to_owned()) {
        Entry::Vacant(entry) => {
            entry.insert(Node::Text(value.into_owned()));
            Ok(())
        }
        Entry::Occupied(_) => Err(twice()),
    }
}

fn malformed(message: String) -> Error {
    Error::bad_request("MalformedQueryString", message)
}

/// Returns the first characters of a client's text, for an error message.
pub fn shorten(text: &str) -> String {
    const MAX_CHARACTERS: usize = 200;
    text.chars().take(MAX_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
    struct Request {
        names: Vec<String>,
        page_size: Option<u32>,
        rate: Option<f64>,
        flag: Option<bool>,
        next: Option<Box<Request>>,
    }

    fn parse(parameters: &str) -> Result<Request, Error> {
        let body = format!("Action=Describe&Version=1&{parameters}");
        Form::parse(body.as_bytes())?.parameters.parse()
    }

    #[test]
    fn the_parts_of_a_form_are_the_action_the_version_and_the_parameters() {
        let form = Form::parse(b"PageSize=7&Version=2015-12-01&Action=DescribeRules").unwrap();
        assert_eq!(form.action, "DescribeRules");
        assert_eq!(form.version, "2015-12-01");
        let request: Request = form.parameters.parse().unwrap();
        assert_eq!(request.page_size, Some(7));
    }

    #[test]
    fn a_form_without_an_action_is_refused() {
        for body in [
            "",
            "Version=2011-06-15",
            "Action=",
            "action=Get",
            "{}",
            "Action",
        ] {
            let error = Form::parse(body.as_bytes()).unwrap_err();
            assert_eq!(error.code, "MissingAction", "{body}");
        }
    }

    #[test]
    fn list_items_are_ordered_by_number_and_cost_no_memory_for_missing_numbers() {
        let request = parse("Names.member.999999999=c&Names.member.10=b&Names.member.9=a");
        assert_eq!(request.unwrap().names, ["a", "b", "c"]);
    }

    #[test]
    fn names_that_do_not_describe_a_list_are_refused() {
        for parameters in [
            "Names=a",
            "Names.1=a",
            "Names.member=a",
            "Names.member.0=a",
            "Names.member.01=a",
            "Names.member.-1=a",
            "Names.member.+1=a",
            "Names.member.x=a",
            "Names.member.=a",
            "Names.member.4294967296=a",
            "Names.member.1.Name=a",
            "Names.member.1=a&Names.entry.1=b",
            "Names.entry.1.key=a&Names.entry.1.value=b",
            "Names..1=a",
        ] {
            let error = parse(parameters).unwrap_err();
            assert_eq!(error.code, "ValidationError", "{parameters}");
        }
    }

    #[test]
    fn a_parameter_that_is_there_twice_is_refused_and_named() {
        for parameters in [
            "PageSize=1&PageSize=2",
            "PageSize=1&PageSize.member.1=2",
            "PageSize.member.1=2&PageSize=1",
            "Action=Other",
        ] {
            let error = parse(parameters).unwrap_err();
            assert_eq!(error.code, "MalformedQueryString", "{parameters}");
        }
        let message = parse("PageSize=1&PageSize=2").unwrap_err().message;
        assert_eq!(message, "The parameter PageSize occurs twice");
        let error = Form::parse(b"Action.member.1=Describe").unwrap_err();
        assert_eq!(error.message, "Action must be a text");
    }

    #[test]
    fn an_unknown_parameter_and_an_invalid_number_are_named() {
        for (parameters, expected) in [
            ("Nmaes.member.1=a", "Nmaes: unknown field `Nmaes`"),
            ("=a", "unknown field ``"),
            ("PageSize=many", "PageSize: expected a number, not \"many\""),
            ("PageSize=-1", "PageSize: expected a number, not \"-1\""),
            ("PageSize.member.1=7", "PageSize: expected a number"),
            ("Rate=NaN", "Rate: expected a number, not \"NaN\""),
            ("Rate=-inf", "Rate: expected a number, not \"-inf\""),
            ("Rate=1e999", "Rate: expected a number, not \"1e999\""),
            ("Flag=True", "Flag: expected true or false, not \"True\""),
            ("Names=a", "Names: expected a list, not \"a\""),
            (
                "Names.member.1=a&Names.member.2.Text=b",
                "Names.member.2: expected a text",
            ),
            ("Next=a", "Next: expected a structure, not \"a\""),
            (
                "Next.Next.PageSize=x",
                "Next.Next.PageSize: expected a number, not \"x\"",
            ),
            ("Next.Nmaes=a", "Next.Nmaes: unknown field `Nmaes`"),
        ] {
            let error = parse(parameters).unwrap_err();
            assert_eq!(error.code, "ValidationError", "{parameters}");
            assert!(error.message.starts_with(expected), "{}", error.message);
        }
    }

    /// The clients send decimal digits. Smithy's test cases of malformed requests refuse integers with a decimal point,
    /// with letters, or in hexadecimal. In a form, `+` stands for a space.
    #[test]
    fn an_integer_is_a_sign_and_decimal_digits() {
        for (value, expected) in [
            ("5", Some(5)),
            ("005", Some(5)),
            ("%2B5", Some(5)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("+5", None),
            ("5+", None),
            ("5%0A", None),
            ("1e3", None),
            ("5.0", None),
            ("0x5", None),
            ("5_0", None),
            ("%D9%A5", None),
            ("", None),
            (&"9".repeat(1000), None),
        ] {
            let parsed = parse(&format!("PageSize={value}"));
            assert_eq!(
                parsed.ok().map(|it| it.page_size),
                expected.map(Some),
                "{value}"
            );
        }
    }

    #[test]
    fn a_long_name_is_shortened_in_the_message() {
        let error = parse(&format!("{}=1", "a".repeat(100_000))).unwrap_err();
        assert_eq!(error.code, "ValidationError");
        assert!(error.message.len() < 1000, "{}", error.message.len());
    }

    #[test]
    fn deep_names_and_many_parameters_are_refused() {
        for parameters in [
            vec!["a"; MAX_NAME_PARTS + 1].join("."),
            ".".repeat(1_000_000),
            (0..=MAX_PARAMETERS)
                .map(|number| format!("p{number}=&"))
                .collect(),
        ] {
            let error = parse(&parameters).unwrap_err();
            assert_eq!(error.code, "MalformedQueryString");
            assert!(error.message.len() < 1000, "{}", error.message.len());
        }
        let deepest = vec!["a"; MAX_NAME_PARTS].join(".");
        assert_eq!(parse(&deepest).unwrap_err().code, "ValidationError");
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused_without_a_panic(body in any::<Vec<u8>>()) {
            let _ = Form::parse(&body);
        }

        #[test]
        fn any_names_are_parsed_or_refused_without_a_panic(
            names in proptest::collection::vec("(Names|PageSize|member|\\.|1|0|9){0,6}=?[1x]?", 0..6),
        ) {
            let _ = parse(&names.join("&"));
        }

        #[test]
        fn every_list_of_texts_survives(texts in proptest::collection::vec(any::<String>(), 0..6)) {
            let mut body = form_urlencoded::Serializer::new(String::new());
            for (number, text) in (1..).zip(&texts) {
                body.append_pair(&format!("Names.member.{number}"), text);
            }
            prop_assert_eq!(parse(&body.finish()).unwrap().names, texts);
        }
    }
}
