//! The names of certificates that resemble the right one.

use countersign::Role;
use countersign::adversary::catalogue::{Case, NameKind, Resembling, Right, Who, good};
use rcgen::SanType;
use std::net::IpAddr;

/// The names of a certificate.
pub(crate) struct Names {
    pub(crate) alternative: Vec<SanType>,
    /// In place of countersign-probe.
    pub(crate) common: Option<String>,
}

pub(crate) const ELSEWHERE: &str = "countersign-probe.invalid";
const ADDRESS_ELSEWHERE: &str = "192.0.2.1";

fn dns(name: &str) -> Result<SanType, String> {
    name.try_into().map(SanType::DnsName).map_err(|_| format!("{name:?} is not ASCII"))
}

fn uri(name: &str) -> Result<SanType, String> {
    name.try_into().map(SanType::URI).map_err(|_| format!("{name:?} is not ASCII"))
}

fn ip(address: &str) -> Result<SanType, String> {
    address.parse().map(SanType::IpAddress).map_err(|_| format!("{address:?} is no address"))
}

/// Names of the same kinds that no target serves, and always a DNS name.
pub(crate) fn others(names: &[SanType]) -> Result<Vec<SanType>, String> {
    let mut others = vec![dns(ELSEWHERE)?];
    if has(names, NameKind::Spiffe) {
        others.push(uri(&format!("spiffe://{ELSEWHERE}/"))?);
    }
    if has(names, NameKind::Ip) {
        others.push(ip(ADDRESS_ELSEWHERE)?);
    }
    Ok(others)
}

/// A name of this kind, as text.
fn text_of(kind: NameKind, name: &SanType) -> Option<String> {
    match (kind, name) {
        (NameKind::Dns, SanType::DnsName(name)) => Some(name.as_str().to_string()),
        (NameKind::Spiffe, SanType::URI(id)) => Some(id.as_str().to_string()),
        (NameKind::Ip, SanType::IpAddress(address)) => Some(address.to_string()),
        _ => None,
    }
}

/// Whether one of the names is of this kind.
pub(crate) fn has(names: &[SanType], kind: NameKind) -> bool {
    names.iter().any(|name| text_of(kind, name).is_some())
}

/// What resembles the first of these names that is of this kind. An error says why there is nothing.
pub(crate) fn names(kind: NameKind, which: Resembling, given: &[SanType]) -> Result<Names, String> {
    let right = given.iter().find_map(|name| text_of(kind, name)).ok_or_else(|| {
        let option = match kind {
            NameKind::Dns => "--dns (for clients: a --name that is one)",
            NameKind::Spiffe => "--spiffe",
            NameKind::Ip => "--ip (for clients: a --name that is one)",
        };
        format!("needs {option}, the name that the target asks for")
    })?;
    let mut common = None;
    let alternative = match which {
        Resembling::AsCommonName => {
            common = Some(right);
            Vec::new()
        }
        Resembling::AsDns => vec![dns(&right)?],
        Resembling::AsUri => vec![uri(&right)?],
        Resembling::AsEmail => {
            vec![right.as_str().try_into().map(SanType::Rfc822Name).map_err(|_| "it is not ASCII".to_string())?]
        }
        // A userPrincipalName.
        Resembling::AsOtherName => vec![SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3], right.into()))],
        _ => match kind {
            NameKind::Dns => vec![dns(&like_dns(which, &right)?)?],
            NameKind::Spiffe => {
                let mut ids = vec![uri(&like_spiffe(which, &right)?)?];
                if which == Resembling::SecondId {
                    ids.push(uri(&right)?);
                }
                ids
            }
            NameKind::Ip => vec![SanType::IpAddress(next_to(&right)?)],
        },
    };
    if alternative.iter().any(|name| which != Resembling::SecondId && given.contains(name)) {
        return Err("the name that would be tried is one of those that the target serves".into());
    }
    Ok(Names { alternative, common })
}

fn like_dns(which: Resembling, right: &str) -> Result<String, String> {
    let (first, domain) = right.split_once('.').unwrap_or((right, ""));
    let below = |label: &str| if domain.is_empty() { label.to_string() } else { format!("{label}.{domain}") };
    let no = |what: &str| Err(format!("{right} has no {what}"));
    Ok(match which {
        Resembling::LongerAtTheEnd => format!("{right}.{ELSEWHERE}"),
        Resembling::LongerAtTheBeginning => format!("countersign-probe-{right}"),
        Resembling::PartMore => format!("countersign-probe.{right}"),
        Resembling::PartLess if domain.is_empty() => return no("domain"),
        Resembling::PartLess => domain.to_string(),
        Resembling::Nul => format!("{right}\0.{ELSEWHERE}"),
        Resembling::Wildcard | Resembling::Sibling if domain.is_empty() => return no("domain"),
        Resembling::Wildcard => below("*"),
        Resembling::WildcardTooHigh => match domain.split_once('.') {
            Some((_, higher)) => format!("*.{higher}"),
            None => "*".into(),
        },
        Resembling::WildcardInside => match domain.split_once('.') {
            Some((_, higher)) => format!("{first}.*.{higher}"),
            None => return no("label between the first and the last"),
        },
        Resembling::WildcardPartial => match first.chars().next() {
            Some(letter) if first.len() > 1 => below(&format!("{letter}*")),
            _ => return no("label that a wildcard could be a part of"),
        },
        _ => below("countersign-probe"),
    })
}

fn like_spiffe(which: Resembling, right: &str) -> Result<String, String> {
    let (domain, path) = right
        .strip_prefix("spiffe://")
        .and_then(|rest| rest.split_once('/'))
        .filter(|(_, path)| !path.is_empty())
        .ok_or_else(|| format!("{right} is no SPIFFE ID with a path"))?;
    let parent = path.rsplit_once('/').map_or(String::new(), |(parent, _)| format!("/{parent}"));
    Ok(match which {
        Resembling::LongerAtTheEnd => format!("{right}-countersign-probe"),
        Resembling::LongerAtTheBeginning => format!("https://{ELSEWHERE}/{right}"),
        Resembling::PartMore => format!("{right}/countersign-probe"),
        Resembling::PartLess => format!("spiffe://{domain}{parent}"),
        Resembling::OtherTrustDomain => format!("spiffe://{ELSEWHERE}/{path}"),
        Resembling::LongerTrustDomain => format!("spiffe://{domain}.{ELSEWHERE}/{path}"),
        Resembling::OtherCase => {
            let turned = |letter: char| match letter.is_ascii_lowercase() {
                true => letter.to_ascii_uppercase(),
                false => letter.to_ascii_lowercase(),
            };
            let other: String = path.chars().map(turned).collect();
            if other == path {
                return Err(format!("the path of {right} has no letters"));
            }
            format!("spiffe://{domain}/{other}")
        }
        Resembling::Nul => format!("{right}\0-countersign-probe"),
        _ => format!("spiffe://{domain}{parent}/countersign-probe"),
    })
}

/// The address that differs in the last bit.
fn next_to(right: &str) -> Result<IpAddr, String> {
    Ok(match right.parse().map_err(|_| format!("{right:?} is no address"))? {
        IpAddr::V4(address) => IpAddr::V4((u32::from(address) ^ 1).into()),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) ^ 1).into()),
    })
}

/// Whether the name lies in the domain of the right one. A target that serves the whole domain may serve it.
pub(crate) fn is_in_the_domain(kind: NameKind, which: Resembling) -> bool {
    use Resembling as R;
    match kind {
        NameKind::Dns => {
            matches!(which, R::LongerAtTheBeginning | R::PartMore | R::PartLess | R::Wildcard | R::Sibling)
        }
        NameKind::Spiffe => matches!(
            which,
            R::LongerAtTheEnd | R::PartMore | R::PartLess | R::OtherCase | R::Nul | R::SecondId | R::Sibling
        ),
        NameKind::Ip => false,
    }
}

/// The cases of identities that must be refused; `files`: their certificates.
pub(crate) fn must_be_refused<'a>(target: Role, files: impl Iterator<Item = &'a str>) -> Vec<Case> {
    let case = |(number, file): (u16, &str)| Case {
        name: format!("must-be-refused/{file}"),
        quick: true,
        who: Who::MustBeRefused(number),
        rule: "--bad-cert",
        right: Right::Refuse(&[]),
        consequence: match target {
            Role::Server => "a client was served that must be refused, as you say".into(),
            Role::Client => "the client sent its data to a server that must be refused, as you say".into(),
        },
        ..good(target)
    };
    (0..=u16::MAX).zip(files).map(case).collect()
}
