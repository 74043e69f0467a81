//! CRLs from practice (vectors/revocation): the loaded lists, the presented chain, the right result.

use countersign::x509::{Accepted, Expect, JudgeOptions, Problem, Refusal, Trust, TrustBuilder};
use countersign::{AlertDescription, Peer, Role};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use std::{fs, path::Path};

/// 2026-12-01 00:00:00 UTC
const NOW: u64 = 1_796_083_200;

/// The files of one situation.
struct Case(&'static str);

impl Case {
    fn file(&self, name: &str) -> Vec<u8> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/revocation").join(self.0).join(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// These roots and lists. All of them can be used.
    fn trust(&self, roots: &str, lists: &[&str]) -> Trust {
        self.builder(roots, lists).build().unwrap_or_else(|error| panic!("{lists:?}: {error}"))
    }

    fn builder(&self, roots: &str, lists: &[&str]) -> TrustBuilder {
        let builder = Trust::builder().roots(roots, &self.file(roots));
        lists.iter().fold(builder, |builder, list| builder.crls(list, &self.file(list)))
    }

    /// The usable ones, and the problems of the others.
    fn usable(&self, lists: &[&str]) -> (Trust, Vec<Problem>) {
        self.builder("roots.pem", lists).build_from_usable()
    }

    fn judge_at(&self, trust: &Trust, chain: &str, now: u64) -> Result<Accepted, Refusal> {
        let chain: Vec<CertificateDer<'_>> =
            CertificateDer::pem_slice_iter(&self.file(chain)).collect::<Result<_, _>>().unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        trust.judge(&Peer::new(Role::Client, &chain), &JudgeOptions::new(&[Expect::AnyTrusted], now))
    }

    /// `Accepted`, or the name of the reason.
    fn outcome(&self, trust: &Trust, chain: &str) -> &'static str {
        match self.judge_at(trust, chain, NOW) {
            Ok(_) => "Accepted",
            Err(refusal) => refusal.name(),
        }
    }

    #[track_caller]
    fn expect(&self, roots: &str, lists: &[&str], outcomes: &[(&str, &str)]) {
        let trust = self.trust(roots, lists);
        for (chain, right) in outcomes {
            assert_eq!(self.outcome(&trust, chain), *right, "{chain} with {lists:?} under {roots}");
        }
    }
}

// RFC 5280 §5.2.1, §6.3.3 (f), (g): a list counts for the key that verifies it.
#[test]
fn two_keys_of_one_ca_have_each_their_list() {
    let case = Case("ca-rekeyed-two-crls");
    let right = [("old.pem", "Accepted"), ("new.pem", "Accepted"), ("revoked.pem", "Revoked")];
    case.expect("roots.pem", &["crls.pem"], &right);
    // The order of the lists does not matter.
    let text = String::from_utf8(case.file("crls.pem")).unwrap();
    let second = text.rfind("-----BEGIN").unwrap();
    let (first, second) = (&text[..second], &text[second..]);
    for file in [format!("{second}{first}"), first.into(), second.into()] {
        let trust = Trust::builder().roots("roots", &case.file("roots.pem")).crls("crls", file.as_bytes());
        let trust = trust.build().unwrap();
        let of_first = file.contains(first.trim());
        assert_eq!(case.outcome(&trust, "revoked.pem"), if of_first { "Revoked" } else { "CrlUnusable" });
        assert_eq!(case.outcome(&trust, "old.pem"), if of_first { "Accepted" } else { "CrlUnusable" });
        assert_eq!(case.outcome(&trust, "new.pem") == "Accepted", file.contains(second.trim()));
    }
}

// RFC 5280 §5: complete lists of version 1 and 2 must be processed; §6.3.3 needs no number.
#[test]
fn old_forms_of_lists_are_used() {
    let case = Case("crl-old-forms");
    for list in ["easyrsa.crl", "v1.crl", "v2noext.crl", "emptylist.crl"] {
        case.expect("roots.pem", &[list], &[("leaf.pem", "Accepted")]);
    }
    case.expect("roots.pem", &["expired.crl"], &[("leaf.pem", "CrlExpired")]);
    case.expect("roots.pem", &["future.crl"], &[("leaf.pem", "Accepted")]);
    let early = case.judge_at(&case.trust("roots.pem", &["future.crl"]), "leaf.pem", 1_795_837_000);
    assert_eq!(early.unwrap_err().name(), "CrlNotYetValid");
}

#[test]
fn lists_that_cannot_be_used_are_told_with_their_line_and_refuse_everybody() {
    let case = Case("crl-old-forms");
    for (list, line, why) in [
        ("v1ext.crl", 1, "is not version 2"),
        ("nonext.crl", 1, "has no nextUpdate"),
        ("delta.crl", 8, "delta CRLs are not supported"),
    ] {
        let (trust, problems) = case.usable(&[list]);
        let [Problem { line: told, what, .. }] = &problems[..] else { panic!("{list}: {problems:?}") };
        assert!(*told == line && what.contains(why), "{list}: {problems:?}");
        // The complete list beside the delta can be used.
        let right = if list == "delta.crl" { "Accepted" } else { "StatusUnknown" };
        assert_eq!(case.outcome(&trust, "leaf.pem"), right, "{list}");
    }
    // Without nextUpdate: only if lists that are out of date are accepted.
    let trust = case.builder("roots.pem", &["nonext.crl"]).accept_expired_crls().build().unwrap();
    assert_eq!(case.outcome(&trust, "leaf.pem"), "Accepted");
    // The number is required of issuers only.
    let strict = case.builder("roots.pem", &["v2noext.crl"]).strict_issuance().build().err().unwrap();
    assert!(strict.to_string().contains("has no number"), "{strict}");
}

// RFC 5280 §6.3.3: without a list the status is undetermined.
#[test]
fn a_revoked_client_is_never_accepted_for_want_of_a_usable_list() {
    let case = Case("unusable-crl-fails-open");
    case.expect("roots.pem", &["good.crl"], &[("revoked.pem", "Revoked")]);
    case.expect("roots.pem", &["separate.crl"], &[("revoked.pem", "Revoked")]);
    for list in ["truncated.crl", "empty.crl", "html.crl", "delta-only.crl", "nonumber.crl"] {
        let (trust, problems) = case.usable(&[list]);
        let refusal = case.judge_at(&trust, "revoked.pem", NOW).unwrap_err();
        if list == "nonumber.crl" {
            assert!(problems.is_empty() && refusal.name() == "Revoked", "{problems:?} {refusal}");
            continue;
        }
        assert!(!problems.is_empty(), "{list}: told");
        assert_eq!(refusal.name(), "StatusUnknown", "{list}");
        // A list was given: the sentence names it and its problem.
        let told = format!("that can be used covers it; one was given that cannot be used ({})", problems[0]);
        assert!(refusal.to_string().ends_with(&told), "{refusal}");
        assert_eq!(refusal.alert(), AlertDescription::CERTIFICATE_UNKNOWN);
        let relaxed = case.builder("roots.pem", &[list]).accept_unknown_revocation_status().build_from_usable().0;
        assert_eq!(case.outcome(&relaxed, "revoked.pem"), "Accepted", "relaxed by its name");
    }
}

#[test]
fn a_newer_list_behind_a_byte_order_mark_or_on_the_same_line_is_not_lost() {
    let case = Case("unusable-crl-fails-open");
    for list in ["glued.crl", "bom.crl", "cat-of-bom.crl"] {
        case.expect("roots.pem", &[list], &[("revoked.pem", "Revoked")]);
    }
}

// RFC 5280 §5.2.5, §6.3.3 (b)(2)
#[test]
fn a_list_speaks_for_what_its_scope_covers() {
    let case = Case("crl-idp-and-size");
    for (list, chain, right) in [
        ("user.crl", "leaf.pem", "Accepted"),
        ("caonly.crl", "leaf.pem", "StatusUnknown"),
        ("attr.crl", "leaf.pem", "StatusUnknown"),
        ("plain.crl", "leaf.pem", "Accepted"),
        ("plain.crl", "cdp.pem", "Accepted"),
        ("idpurl.crl", "leaf.pem", "Accepted"),
        ("idpurl.crl", "cdp.pem", "Accepted"),
        ("idpurl.crl", "cdp2.pem", "StatusUnknown"),
        ("rootonly.crl", "chain.pem", "StatusUnknown"),
        ("hold.crl", "removedleaf.pem", "Revoked"),
        ("removed.crl", "removedleaf.pem", "Revoked"),
        ("negentry.crl", "leaf.pem", "Accepted"),
        ("zeroentry.crl", "leaf.pem", "Accepted"),
    ] {
        case.expect("roots.pem", &[list], &[(chain, right)]);
    }
    let relaxed = case.builder("roots.pem", &["rootonly.crl"]).accept_unknown_revocation_status().build().unwrap();
    assert_eq!(case.outcome(&relaxed, "chain.pem"), "Accepted");
    // §5.3: an unknown critical extension of an entry.
    let problems = case.usable(&["critentry.crl"]).1;
    assert!(problems[0].what.contains("critical extension"), "{problems:?}");
    // §4.2.1.3
    case.expect("nosign.pem", &["plain.crl"], &[("leaf.pem", "CrlUnusable")]);
}

// RFC 5280 §5.2.5, §6.3.3: parts of a list
#[test]
fn a_certificate_that_names_no_point_is_not_answered_by_a_part_of_the_list() {
    let case = Case("crl-shards");
    case.expect(
        "roots.pem",
        &["shards.crl"],
        &[("nocdp.pem", "Revoked"), ("cdp1.pem", "Accepted"), ("cdp2.pem", "Revoked")],
    );
    // A single partial list may cover everything.
    case.expect("roots.pem", &["one.crl"], &[("nocdp.pem", "Accepted"), ("cdp2.pem", "StatusUnknown")]);
    case.expect("roots.pem", &["userca.crl"], &[("nocdp.pem", "Revoked")]);
    // A newer list of the same scope decides.
    case.expect("roots.pem", &["reissued.crl"], &[("nocdp.pem", "Accepted")]);
}

#[test]
fn an_online_ca_that_lists_its_users_at_one_point_works() {
    let case = Case("step-ca-crl");
    for list in ["int.crl", "onlyuser.crl"] {
        case.expect("intasroot.pem", &[list], &[("chain.pem", "Accepted"), ("revoked.pem", "Revoked")]);
        let leaf_only = case.builder("roots.pem", &[list]).check_revocation_of_leaf_only().build().unwrap();
        assert_eq!(case.outcome(&leaf_only, "chain.pem"), "Accepted");
        assert_eq!(case.outcome(&leaf_only, "revoked.pem"), "Revoked");
        let whole = case.judge_at(&case.trust("roots.pem", &[list]), "chain.pem", NOW).unwrap_err();
        assert_eq!(whole.name(), "StatusUnknown");
        assert!(whole.to_string().contains("no CRL of CN=Root"), "{whole}");
    }
}
