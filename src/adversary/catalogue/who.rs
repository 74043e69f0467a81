//! Who a peer says it is: which certificate it has, and whose key.

/// Who a peer says it is. All but [`Who::Good`] and [`Who::GoodWithoutIssuer`] must be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// A certificate of the target's CA, with its key.
    Good,
    /// The same, without the intermediate that has issued it. A target that serves it has the intermediate itself.
    GoodWithoutIssuer,
    /// A certificate of another CA.
    OtherCa,
    /// A certificate of another CA that has the name of the target's.
    NamesakeCa,
    /// The same, whose key has another identifier (RFC 5280 §4.2.1.1).
    NamesakeCaOfOtherKeyId,
    /// A certificate of another CA that is a copy of the target's in all but its key, and comes along.
    NamesakeCaSentAlong,
    /// A certificate of another CA, with the target's CA sent along.
    RightCaSentAlong,
    /// A copy of a good certificate with its own key, signed by another CA: issuer, serial number, subject, names and
    /// subjectKeyIdentifier are the same.
    Twin,
    /// A certificate that its own key has signed.
    SelfSigned,
    /// A certificate of the target's CA that is no longer valid.
    Expired,
    /// One that is not valid yet.
    NotYetValid,
    /// One for the other role only.
    WrongPurpose,
    /// One whose key may not sign.
    WrongKeyUsage,
    /// One with a serial number that the target's CRL has.
    Revoked,
    /// One whose key the peer does not have.
    Stolen,
    /// One whose signature was changed.
    BadSignature,
    /// One with a critical extension that nobody knows.
    UnknownCritical,
    /// One that a good end entity has issued, which is no CA.
    IssuedByLeaf,
    /// One below an intermediate whose name constraints exclude it.
    Constrained,
    /// One below more intermediates than the CA allows.
    PathTooLong,
    /// One below an intermediate that is no longer valid.
    ExpiredIntermediate,
    /// One below an intermediate that the CRL of its issuer has.
    RevokedIntermediate,
    /// One for another name than the right one: for a client target, the name that it calls.
    WrongName,
    /// One for a name that resembles the right one of this kind.
    Resembling(NameKind, Resembling),
    /// One of those that its user says must be refused.
    MustBeRefused(u16),
}

impl Who {
    /// Everybody who must be refused, whatever names the target serves.
    pub const STRANGERS: [Who; 21] = [
        Who::OtherCa,
        Who::NamesakeCa,
        Who::NamesakeCaOfOtherKeyId,
        Who::NamesakeCaSentAlong,
        Who::RightCaSentAlong,
        Who::Twin,
        Who::SelfSigned,
        Who::Expired,
        Who::NotYetValid,
        Who::WrongPurpose,
        Who::WrongKeyUsage,
        Who::Revoked,
        Who::Stolen,
        Who::BadSignature,
        Who::UnknownCritical,
        Who::IssuedByLeaf,
        Who::Constrained,
        Who::PathTooLong,
        Who::ExpiredIntermediate,
        Who::RevokedIntermediate,
        Who::WrongName,
    ];
}

/// The kind of the right name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// A dNSName.
    Dns,
    /// A SPIFFE ID, as URI.
    Spiffe,
    /// An iPAddress.
    Ip,
}

/// What a certificate has in place of the right name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resembling {
    /// More at the end: another domain, or a longer last segment.
    LongerAtTheEnd,
    /// More at the beginning.
    LongerAtTheBeginning,
    /// A label more (at the beginning), or a segment (at the end).
    PartMore,
    /// A label or a segment less.
    PartLess,
    /// The same path in another trust domain.
    OtherTrustDomain,
    /// The same path in a trust domain that begins with the right one.
    LongerTrustDomain,
    /// The path in other case.
    OtherCase,
    /// The next address.
    OtherAddress,
    /// The right text as dNSName.
    AsDns,
    /// The right text as URI.
    AsUri,
    /// The right text as rfc822Name.
    AsEmail,
    /// The right text as otherName.
    AsOtherName,
    /// The right text as common name of the subject, without subjectAltName.
    AsCommonName,
    /// The right name, then NUL and another domain.
    Nul,
    /// The right SPIFFE ID and another one.
    SecondId,
    /// A wildcard that covers the right name.
    Wildcard,
    /// A wildcard that would have to stand for two labels; or, if the name has one, for any name.
    WildcardTooHigh,
    /// A wildcard in place of a label that is not the first.
    WildcardInside,
    /// A wildcard in place of a part of the first label.
    WildcardPartial,
    /// Another name beside the right one. There is no case of it: it shows whether the target serves a whole domain.
    Sibling,
}
