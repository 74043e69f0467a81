//! Collects roots, CRLs and policy, and makes the snapshot of those that can be used.

use super::{Problem, ProblemKind, Root, Trust, TrustError, spiffe_bundle};
use crate::Role;
use crate::asn1::{BadDer, Certificate};
use crate::x509::hash::Sha256;
use crate::x509::pem::{self, Wanted};
use crate::x509::refusal::{Predicate, RefusalReason};
use crate::x509::revocation::{Issuer, Known, Relaxed, Revocation};
use crate::x509::rules::{self, Rules};
use crate::x509::spiffe::TrustDomain;
use crate::x509::text;
use crate::x509::time::{Window, unix_time};
use core::fmt;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use std::{format, string::String, string::ToString, vec::Vec};

/// Builds a [`Trust`]. Each relaxation and each stricter rule has a name.
///
/// ```
/// use countersign::x509::{Trust, TrustError};
///
/// /// The files are in PEM. The names are for error messages. The error lists every problem of every file.
/// fn trust(roots: &[u8], crls: &[u8]) -> Result<Trust, TrustError> {
///     Trust::builder().roots("roots.pem", roots).crls("crls.pem", crls).strict_issuance().build()
/// }
/// ```
#[derive(Default)]
pub struct TrustBuilder {
    roots: Vec<(Source, Decoded, Option<TrustDomain>)>,
    crls: Vec<(Source, Decoded)>,
    crls_asked: bool,
    /// Files without a CRL.
    without_crl: Vec<(Source, String)>,
    empty: Vec<Problem>,
    relaxed: Relaxed,
    rules: Rules,
    allow_own: bool,
    max_intermediates: Option<usize>,
}

/// An object's DER, or what is wrong with its PEM.
type Decoded = Result<Vec<u8>, String>;

struct Source {
    name: String,
    line: usize,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.name),
            line => write!(f, "{} line {line}", self.name),
        }
    }
}

impl Source {
    fn file(name: &str) -> Source {
        Source { name: name.to_string(), line: 0 }
    }

    fn problem(&self, kind: ProblemKind, subject: String, what: String) -> Problem {
        Problem { kind, source: self.name.clone(), line: self.line, subject, what }
    }
}

impl TrustBuilder {
    /// Trusts the certificates of a PEM file, or one DER certificate. `source` names it in errors.
    ///
    /// Keys, parameters, certificate requests and CRLs in the same file are ignored. Everything else that looks like
    /// a block and cannot be read is a problem with its line (see [`pem`]).
    pub fn roots(self, source: &str, file: &[u8]) -> TrustBuilder {
        self.add_roots(source, file, None)
    }

    /// Trusts roots for the SPIFFE IDs of one trust domain, and for no DNS name or address: a federated domain's roots
    /// cannot vouch for another domain. The file is a SPIFFE bundle in JSON (a JWK Set), PEM, or one DER certificate.
    pub fn spiffe_bundle(mut self, domain: TrustDomain, source: &str, file: &[u8]) -> TrustBuilder {
        if !spiffe_bundle::is_json(file) {
            return self.add_roots(source, file, Some(domain));
        }
        for (line, der) in spiffe_bundle::certificates(file) {
            self.roots.push((Source { name: source.to_string(), line }, der, Some(domain.clone())));
        }
        self
    }

    fn add_roots(mut self, source: &str, file: &[u8], domain: Option<TrustDomain>) -> TrustBuilder {
        let sections = pem::read(file, Wanted::Certificates);
        if sections.is_empty() {
            let what = format!("no certificate found{}", pem::found(file));
            self.empty.push(Source::file(source).problem(ProblemKind::NoRoot, String::new(), what));
        }
        for section in sections {
            let place = Source { name: source.to_string(), line: section.line };
            self.roots.push((place, section.der(), domain.clone()));
        }
        self
    }

    /// Checks revocation by the CRLs of a PEM file, or one DER CRL. Call it for each file. Certificates and keys in the same
    /// file are ignored. Everything else is read, or a problem with its line (see [`pem`]).
    ///
    /// From the first call on, a current CRL of its issuer must cover every certificate of a chain, unless relaxed below. If
    /// no list can be used, the status of every certificate is unknown, and all peers are refused.
    ///
    /// A list belongs to the issuer that has its name and whose key has signed it. A certificate is revoked if any list of
    /// its issuer has it. A newer list replaces older ones of the same issuer and scope. If a list has the issuer's name, but
    /// no known key has signed it, its content counts as unknown, and so does the status of the issuer's certificates, unless
    /// its authorityKeyIdentifier names another key. A list from a distribution point (issuingDistributionPoint) covers the
    /// certificates that name this point. It also covers those that name none if it is the only list of its issuer's key for
    /// such certificates, as some online CAs publish it. `docs/TRUST.md` has all rules.
    pub fn crls(mut self, source: &str, file: &[u8]) -> TrustBuilder {
        self.crls_asked = true;
        let sections = pem::read(file, Wanted::Crls);
        if sections.is_empty() {
            self.without_crl.push((Source::file(source), format!("no CRL found{}", pem::found(file))));
        }
        for section in sections {
            let place = Source { name: source.to_string(), line: section.line };
            self.crls.push((place, section.der()));
        }
        self
    }

    /// Relaxation: only the peer's own certificate is checked for revocation, not the CAs of its chain.
    pub fn check_revocation_of_leaf_only(mut self) -> TrustBuilder {
        self.relaxed.leaf_only = true;
        self
    }

    /// Relaxation: a certificate that no CRL covers counts as not revoked.
    pub fn accept_unknown_revocation_status(mut self) -> TrustBuilder {
        self.relaxed.unknown_status = true;
        self
    }

    /// Relaxation: a CRL is also used after its nextUpdate, or without one.
    pub fn accept_expired_crls(mut self) -> TrustBuilder {
        self.relaxed.expired = true;
        self
    }

    /// Relaxation: a leaf with noRevAvail (RFC 9608: it is short-lived, and its issuer publishes no revocation
    /// information) needs no list that covers it. It is still revoked if a list has it. Without this it is judged like
    /// any other.
    pub fn accept_no_revocation_available(mut self) -> TrustBuilder {
        self.relaxed.no_rev_avail = true;
        self
    }

    /// Relaxation: a peer may present our own certificate or key (many hosts share one identity).
    pub fn accept_own_certificate(mut self) -> TrustBuilder {
        self.allow_own = true;
        self
    }

    /// Stricter: a leaf must have extKeyUsage with the purpose of its role. Without this, an absent extKeyUsage and
    /// anyExtendedKeyUsage allow any purpose (RFC 5280 §4.2.1.12).
    pub fn require_extended_key_usage(mut self) -> TrustBuilder {
        self.rules.require_purpose = true;
        self
    }

    /// Relaxation: a client may have a certificate for servers: extKeyUsage with serverAuth is enough, in its own
    /// certificate and in those of its CAs. Public CAs no longer issue certificates with clientAuth. The owner of a
    /// server's key can then be a client.
    pub fn accept_server_certificates_of_clients(mut self) -> TrustBuilder {
        self.rules.server_auth_for_clients = true;
        self
    }

    /// Stricter: the rules of RFC 5280 for issuers apply too (key identifiers, critical extensions, host names without
    /// underscore, positive serial numbers of at most 20 octets). Many private PKIs break one of them.
    pub fn strict_issuance(mut self) -> TrustBuilder {
        self.rules.strict = true;
        self
    }

    /// The largest number of CAs between leaf and root (default and maximum: 6).
    pub fn max_intermediates(mut self, count: usize) -> TrustBuilder {
        self.max_intermediates = Some(count);
        self
    }

    /// The snapshot, if every root and CRL can be used. The error lists those that cannot.
    pub fn build(self) -> Result<Trust, TrustError> {
        match self.build_from_usable() {
            (trust, problems) if problems.is_empty() => Ok(trust),
            (_, problems) => Err(TrustError { problems }),
        }
    }

    /// The snapshot from the roots and CRLs that can be used, and the problems of the others, which the program must
    /// report.
    pub fn build_from_usable(mut self) -> (Trust, Vec<Problem>) {
        let mut problems = core::mem::take(&mut self.empty);
        if self.roots.is_empty() && problems.is_empty() {
            let what = "no roots given (Trust::raw_keys_only needs none)".into();
            problems.push(Source::file("trust").problem(ProblemKind::NoRoot, String::new(), what));
        }
        self.into_trust(problems)
    }

    pub(super) fn into_trust(self, mut problems: Vec<Problem>) -> (Trust, Vec<Problem>) {
        let mut id = Sha256::new();
        let (mut anchors, mut roots) = (Vec::new(), Vec::<Root>::new());
        for (source, der, domain) in self.roots {
            let unreadable = |what| (ProblemKind::UnreadableRoot, String::new(), what);
            match der.map_err(unreadable).and_then(|der| root(der, domain, self.rules)) {
                Ok((_, known)) if roots.iter().any(|r| r.der == known.der && r.domain == known.domain) => {}
                Ok((anchor, root)) => {
                    id.part(&root.der).part(root.domain.as_ref().map_or(b"", |domain| domain.as_str().as_bytes()));
                    anchors.push(anchor);
                    roots.push(root);
                }
                Err((kind, subject, what)) => problems.push(source.problem(kind, subject, what)),
            }
        }
        let max_intermediates = self.max_intermediates.unwrap_or(6).min(6);
        let Rules { strict, require_purpose, server_auth_for_clients } = self.rules;
        let rules = format!("{strict} {require_purpose} {server_auth_for_clients} {max_intermediates}");
        let paths = id.part(rules.as_bytes()).finish();
        let mut revocation = Revocation::default();
        if self.crls_asked {
            id.part(b"CRLs"); // that they were asked for decides, even if none of them can be used
            revocation.ask();
        }
        let readable = roots.iter().filter_map(|root| Certificate::from_der(&root.der).ok()); // all have been read above
        let known: Vec<Known> = readable.map(|root| Known::new(&Issuer::new(&root))).collect();
        for (source, der) in self.crls {
            // Those that cannot be used decide too: what they said is not known.
            id.part(der.as_deref().map_or(&b"unreadable"[..], |der| der));
            let der = der.and_then(|der| match pem::other_kind(&der, Wanted::Crls) {
                Some(other) => Err(format!("the CRL cannot be read: {other}")),
                None => Ok(der),
            });
            let place = source.to_string();
            let added = match der {
                Ok(der) => revocation.add(place, der, self.relaxed, self.rules.strict, &known),
                Err(what) => {
                    revocation.lose(&place, &what);
                    Err(what)
                }
            };
            if let Err(what) = added {
                problems.push(source.problem(ProblemKind::UnusableCrl, String::new(), what));
            }
        }
        for (source, what) in self.without_crl {
            id.part(b"a file without a CRL");
            revocation.lose(&source.to_string(), &what);
            problems.push(source.problem(ProblemKind::NoCrl, String::new(), what));
        }
        id.part(format!("{:?}", self.relaxed).as_bytes());
        let trust = Trust {
            anchors,
            roots,
            revocation,
            relaxed: self.relaxed,
            rules: self.rules,
            allow_own: self.allow_own,
            max_intermediates,
            id: id.finish(),
            paths,
        };
        (trust, problems)
    }
}

/// Reads and judges one root; the error is its kind, the root's name, and what is wrong.
fn root(
    der: Vec<u8>,
    domain: Option<TrustDomain>,
    rules: Rules,
) -> Result<(TrustAnchor<'static>, Root), (ProblemKind, String, String)> {
    let unreadable = |BadDer(what)| {
        let what = pem::other_kind(&der, Wanted::Certificates).unwrap_or_else(|| what.into());
        (ProblemKind::UnreadableRoot, String::new(), format!("not a usable root certificate: {what}"))
    };
    let cert = Certificate::from_der(&der).map_err(unreadable)?;
    let subject = text::name(&cert.subject);
    let wrong = |what: String| (ProblemKind::UnfitRoot, subject.clone(), what);
    rules.root(&cert).map_err(|reason| match reason {
        RefusalReason::NotCa => wrong("cannot be a root: basicConstraints does not say that it is a CA".into()),
        // Nothing is expired here: a root's validity is judged with each chain.
        reason => wrong(format!("cannot be a root: it {}", Predicate { reason: &reason, now: unix_time(0) })),
    })?;
    let whole = CertificateDer::from(der.as_slice());
    let anchor =
        webpki::anchor_from_trusted_cert(&whole).map_err(|error| wrong(format!("cannot be a root: {error}")))?;
    let anchor = anchor.to_owned();
    let validity = Window::of(&cert);
    let path_len = cert.extensions.basic_constraints.and_then(|constraints| constraints.path_len);
    let serves = [Role::Client, Role::Server].map(|role| rules.serves(&cert, role));
    let constrains_addresses = rules::constrains_addresses(&cert);
    Ok((anchor, Root { validity, path_len, constrains_addresses, serves, domain, der }))
}
