//! The keywords, and where each may stand.

/// Where an expression is about to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// At the outermost: the trace, whose root answers.
    Trace,
    /// In the braces of `service()` or `edge()`: one segment, or one call.
    Segment,
    /// In the braces of `rootcause.….service`.
    CauseService,
    /// In the braces of `rootcause.….entity`; only those of response times have a coverage.
    CauseEntity {
        /// Whether they are of response times.
        has_coverage: bool,
    },
    /// In the braces of `rootcause.….exception`.
    CauseException,
}

/// Is true or false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
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

/// Is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    ResponseTime,
    Duration,
    Status,
    Index,
    Coverage,
}

/// Is one text, or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
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

/// Any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    Flag(Flag),
    Number(Number),
    Text(Text),
}

use Scope::{CauseEntity, CauseException, CauseService, Segment, Trace};

const ENTITY: Scope = CauseEntity {
    has_coverage: false,
};
const TIMED: Scope = CauseEntity { has_coverage: true };
const CAUSES: &[Scope] = &[CauseService, ENTITY, TIMED, CauseException];
const BOTH: &[Scope] = &[Trace, Segment];

/// All keywords, with the scopes that they may stand in. In `service(){}`, `name` and `type` are the
/// node's; at the outermost, the root's.
const KEYWORDS: &[(&str, Keyword, &[Scope])] = &[
    ("ok", Keyword::Flag(Flag::Ok), BOTH),
    ("error", Keyword::Flag(Flag::Error), BOTH),
    ("throttle", Keyword::Flag(Flag::Throttle), BOTH),
    ("fault", Keyword::Flag(Flag::Fault), BOTH),
    ("partial", Keyword::Flag(Flag::Partial), BOTH),
    (
        "inferred",
        Keyword::Flag(Flag::Inferred),
        &[Trace, Segment, CauseService],
    ),
    ("root", Keyword::Flag(Flag::Root), BOTH),
    ("first", Keyword::Flag(Flag::First), CAUSES),
    ("last", Keyword::Flag(Flag::Last), CAUSES),
    ("remote", Keyword::Flag(Flag::Remote), &[ENTITY, TIMED]),
    ("responsetime", Keyword::Number(Number::ResponseTime), BOTH),
    ("duration", Keyword::Number(Number::Duration), BOTH),
    ("http.status", Keyword::Number(Number::Status), BOTH),
    ("index", Keyword::Number(Number::Index), CAUSES),
    ("coverage", Keyword::Number(Number::Coverage), &[TIMED]),
    ("http.url", Keyword::Text(Text::Url), BOTH),
    ("http.method", Keyword::Text(Text::Method), BOTH),
    ("http.useragent", Keyword::Text(Text::UserAgent), BOTH),
    ("http.clientip", Keyword::Text(Text::ClientIp), BOTH),
    ("user", Keyword::Text(Text::User), BOTH),
    (
        "name",
        Keyword::Text(Text::Name),
        &[Trace, Segment, CauseService, ENTITY, TIMED, CauseException],
    ),
    (
        "type",
        Keyword::Text(Text::Type),
        &[Trace, Segment, CauseService],
    ),
    (
        "message",
        Keyword::Text(Text::Message),
        &[Trace, Segment, CauseException],
    ),
    (
        "availabilityzone",
        Keyword::Text(Text::AvailabilityZone),
        BOTH,
    ),
    ("instance.id", Keyword::Text(Text::InstanceId), BOTH),
    ("resource.arn", Keyword::Text(Text::ResourceArn), BOTH),
    (
        "account.id",
        Keyword::Text(Text::AccountId),
        &[Trace, Segment, CauseService],
    ),
    ("group.name", Keyword::Text(Text::GroupName), &[Trace]),
    ("group.arn", Keyword::Text(Text::GroupArn), &[Trace]),
];

impl Keyword {
    /// The keyword of this name, in any case, and the scopes that it may stand in.
    pub fn find(name: &str) -> Option<(Self, &'static [Scope])> {
        let found = KEYWORDS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name));
        found.map(|(_, keyword, scopes)| (*keyword, *scopes))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = KEYWORDS.iter().find(|(_, keyword, _)| *keyword == self);
        found.map_or("", |(name, ..)| name)
    }

    /// The names of all that may stand in this scope.
    pub fn names(scope: Scope) -> impl Iterator<Item = &'static str> {
        let keywords = KEYWORDS
            .iter()
            .filter(move |(.., scopes)| scopes.contains(&scope));
        keywords.map(|(name, ..)| *name)
    }
}
