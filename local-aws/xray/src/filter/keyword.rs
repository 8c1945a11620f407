//! The keywords of filter expressions, and the scopes in which each keyword is permitted.

/// The part of a filter expression in which a condition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The condition is outside of braces, and applies to a whole trace.
    Trace,
    /// The condition is in the braces of `service()` or `edge()`, and applies to one segment or one call.
    Segment,
    /// The condition is in the braces of `rootcause.….service`, and applies to one service on the path of the
    /// root cause.
    CauseService,
    /// The condition is in the braces of `rootcause.….entity`, and applies to one entity on the path of the
    /// root cause.
    CauseEntity {
        /// Whether the keyword `coverage` is permitted. Only entities of response time root causes have a coverage.
        has_coverage: bool,
    },
    /// The condition is in the braces of `rootcause.….exception`, and applies to one exception of an entity
    /// on the path of the root cause.
    CauseException,
}

/// Keywords whose value is true or false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagKeyword {
    Ok,
    Error,
    Throttle,
    Fault,
    Partial,
    Inferred,
    Root,
    First,
    Last,
    Remote,
}

/// Keywords whose value is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKeyword {
    ResponseTime,
    Duration,
    Status,
    Index,
    Coverage,
}

/// Keywords with text values. Some text keywords have several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKeyword {
    Url,
    Method,
    UserAgent,
    ClientIp,
    User,
    Name,
    Type,
    Message,
    AvailabilityZone,
    InstanceId,
    ResourceArn,
    AccountId,
    GroupName,
    GroupArn,
}

/// A keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    Flag(FlagKeyword),
    Number(NumberKeyword),
    Text(TextKeyword),
}

use Scope::{CauseEntity, CauseException, CauseService, Segment, Trace};

const CAUSE_ENTITY: Scope = CauseEntity {
    has_coverage: false,
};
const RESPONSE_TIME_ENTITY: Scope = CauseEntity { has_coverage: true };
const ROOT_CAUSE_PARTS: &[Scope] = &[
    CauseService,
    CAUSE_ENTITY,
    RESPONSE_TIME_ENTITY,
    CauseException,
];
const TRACE_AND_SEGMENT: &[Scope] = &[Trace, Segment];

/// All keywords, and the scopes that permit each keyword. Outside of braces, the keywords `name` and `type`
/// describe the root segment of the trace. In the braces of `service()`, the keywords `name` and `type`
/// describe the selected node.
const KEYWORDS: &[(&str, Keyword, &[Scope])] = &[
    ("ok", Keyword::Flag(FlagKeyword::Ok), TRACE_AND_SEGMENT),
    (
        "error",
        Keyword::Flag(FlagKeyword::Error),
        TRACE_AND_SEGMENT,
    ),
    (
        "throttle",
        Keyword::Flag(FlagKeyword::Throttle),
        TRACE_AND_SEGMENT,
    ),
    (
        "fault",
        Keyword::Flag(FlagKeyword::Fault),
        TRACE_AND_SEGMENT,
    ),
    (
        "partial",
        Keyword::Flag(FlagKeyword::Partial),
        TRACE_AND_SEGMENT,
    ),
    (
        "inferred",
        Keyword::Flag(FlagKeyword::Inferred),
        &[Trace, Segment, CauseService],
    ),
    ("root", Keyword::Flag(FlagKeyword::Root), TRACE_AND_SEGMENT),
    ("first", Keyword::Flag(FlagKeyword::First), ROOT_CAUSE_PARTS),
    ("last", Keyword::Flag(FlagKeyword::Last), ROOT_CAUSE_PARTS),
    (
        "remote",
        Keyword::Flag(FlagKeyword::Remote),
        &[CAUSE_ENTITY, RESPONSE_TIME_ENTITY],
    ),
    (
        "responsetime",
        Keyword::Number(NumberKeyword::ResponseTime),
        TRACE_AND_SEGMENT,
    ),
    (
        "duration",
        Keyword::Number(NumberKeyword::Duration),
        TRACE_AND_SEGMENT,
    ),
    (
        "http.status",
        Keyword::Number(NumberKeyword::Status),
        TRACE_AND_SEGMENT,
    ),
    (
        "index",
        Keyword::Number(NumberKeyword::Index),
        ROOT_CAUSE_PARTS,
    ),
    (
        "coverage",
        Keyword::Number(NumberKeyword::Coverage),
        &[RESPONSE_TIME_ENTITY],
    ),
    (
        "http.url",
        Keyword::Text(TextKeyword::Url),
        TRACE_AND_SEGMENT,
    ),
    (
        "http.method",
        Keyword::Text(TextKeyword::Method),
        TRACE_AND_SEGMENT,
    ),
    (
        "http.useragent",
        Keyword::Text(TextKeyword::UserAgent),
        TRACE_AND_SEGMENT,
    ),
    (
        "http.clientip",
        Keyword::Text(TextKeyword::ClientIp),
        TRACE_AND_SEGMENT,
    ),
    ("user", Keyword::Text(TextKeyword::User), TRACE_AND_SEGMENT),
    (
        "name",
        Keyword::Text(TextKeyword::Name),
        &[
            Trace,
            Segment,
            CauseService,
            CAUSE_ENTITY,
            RESPONSE_TIME_ENTITY,
            CauseException,
        ],
    ),
    (
        "type",
        Keyword::Text(TextKeyword::Type),
        &[Trace, Segment, CauseService],
    ),
    (
        "message",
        Keyword::Text(TextKeyword::Message),
        &[Trace, Segment, CauseException],
    ),
    (
        "availabilityzone",
        Keyword::Text(TextKeyword::AvailabilityZone),
        TRACE_AND_SEGMENT,
    ),
    (
        "instance.id",
        Keyword::Text(TextKeyword::InstanceId),
        TRACE_AND_SEGMENT,
    ),
    (
        "resource.arn",
        Keyword::Text(TextKeyword::ResourceArn),
        TRACE_AND_SEGMENT,
    ),
    (
        "account.id",
        Keyword::Text(TextKeyword::AccountId),
        &[Trace, Segment, CauseService],
    ),
    (
        "group.name",
        Keyword::Text(TextKeyword::GroupName),
        &[Trace],
    ),
    ("group.arn", Keyword::Text(TextKeyword::GroupArn), &[Trace]),
];

impl Keyword {
    /// Returns the keyword with the given name, in upper or lower case, and the scopes that permit the
    /// keyword.
    pub fn from_name(name: &str) -> Option<(Self, &'static [Scope])> {
        let entry = KEYWORDS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name));
        entry.map(|(_, keyword, scopes)| (*keyword, *scopes))
    }

    /// Returns the name of the keyword.
    pub fn name(self) -> &'static str {
        let entry = KEYWORDS.iter().find(|(_, keyword, _)| *keyword == self);
        entry.map_or("", |(name, ..)| name)
    }

    /// Returns the names of the keywords that are permitted in the given scope.
    pub fn names_in_scope(scope: Scope) -> impl Iterator<Item = &'static str> {
        let keywords = KEYWORDS
            .iter()
            .filter(move |(.., scopes)| scopes.contains(&scope));
        keywords.map(|(name, ..)| *name)
    }
}
