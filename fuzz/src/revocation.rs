//! `revocation`: CRLs in verdicts. There are a root, a CA below it and three leaves; lists of both, and of another CA
//! with the root's name, with any time and contents, some of them changed. A peer is refused if its certificate, or its
//! CA's, has no current list of its issuer, or if the newest list has it. It is accepted if no list has it.

use super::choices::Choices;
use countersign::x509::{Expect, JudgeOptions, Trust};
use countersign::{Peer, Role};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose as Purpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose as Usage, RevokedCertParams,
    SanType, SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::sync::OnceLock;
use std::time::Duration;

type Issuer = CertifiedIssuer<'static, KeyPair>;

struct World {
    /// The root, the CA, another CA with the root's name.
    issuers: [Issuer; 3],
    leaves: Vec<CertificateDer<'static>>,
}

/// Days since 2026-01-01.
const NOW: i64 = 200;
const DAY: u64 = 86_400;
/// The CA's serial number. The leaves have the next ones.
const CA: u8 = 16;

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let key = || KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let ca = |name: &str, serial: u8| {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, name);
            params.serial_number = Some(SerialNumber::from_slice(&[serial]));
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
            params.use_authority_key_identifier_extension = true;
            params
        };
        let root = Issuer::self_signed(ca("root", 1), key()).expect("a root");
        let below = Issuer::signed_by(ca("CA", CA), key(), &root).expect("a CA");
        let stranger = Issuer::self_signed(ca("root", 1), key()).expect("a root");
        let leaf = |serial: u8| {
            let mut params = CertificateParams::default();
            params.serial_number = Some(SerialNumber::from_slice(&[serial]));
            params.key_usages = vec![Usage::DigitalSignature];
            params.extended_key_usages = vec![Purpose::ServerAuth, Purpose::ClientAuth];
            params.subject_alt_names = vec![SanType::DnsName("server.test".try_into().expect("a name"))];
            params.use_authority_key_identifier_extension = true;
            params.signed_by(&key(), &below).expect("a leaf").der().clone()
        };
        let leaves = (1..4).map(|number| leaf(CA + number)).collect();
        World { issuers: [root, below, stranger], leaves }
    })
}

/// The contents of a list.
struct List {
    issuer: usize,
    /// Days from now.
    this_update: i64,
    next_update: i64,
    /// Bit n: the serial number CA + n.
    revoked: u8,
    damaged: bool,
}

impl List {
    fn der(&self, number: u8, place: usize, value: u8) -> Vec<u8> {
        let day = |offset: i64| date_time_ymd(2026, 1, 1) + Duration::from_secs((NOW + offset) as u64 * DAY);
        let revoked = (0..4).filter(|bit| self.revoked >> bit & 1 == 1).map(|bit| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[CA + bit]),
            revocation_time: day(self.this_update),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: day(self.this_update),
            next_update: day(self.next_update),
            crl_number: SerialNumber::from(u64::from(number) + 1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let mut der = params.signed_by(&world().issuers[self.issuer]).expect("a list").der().to_vec();
        if self.damaged {
            let len = der.len();
            der[place % len] ^= value;
        }
        der
    }

    fn counts(&self, issuer: usize) -> bool {
        self.issuer == issuer && !self.damaged && self.this_update <= 0 && self.next_update > 0
    }
}

/// The first byte: bits 0-1, the leaf; bits 2-3, the number of lists less one. Then for each list: its issuer, its
/// time, its validity, its entries, and a byte above 127 that damages it, with position and value.
pub fn revocation(data: &[u8]) {
    let world = world();
    let mut choices = Choices::new(data);
    let how = choices.byte();
    let leaf = usize::from(how & 3) % world.leaves.len();
    let (mut lists, mut builder) = (Vec::new(), Trust::builder().roots("root", world.issuers[0].der()));
    for number in 0..=how >> 2 & 3 {
        let issuer = usize::from(choices.byte() % 3);
        let this_update = 10 - i64::from(choices.byte() % 64);
        let next_update = this_update + 1 + i64::from(choices.byte() % 64);
        let (revoked, damaged) = (choices.byte() & 15, choices.byte() > 127);
        let (place, value) = if damaged { (choices.word(), choices.byte()) } else { (0, 0) };
        let list = List { issuer, this_update, next_update, revoked, damaged: damaged && value != 0 };
        builder = builder.crls("CRLs", &list.der(number, place, value));
        lists.push(list);
    }
    let (trust, problems) = builder.build_from_usable();
    for problem in &problems {
        let said = problem.to_string();
        assert!(said.chars().all(|c| !c.is_control()) && said.len() < 2000, "{said:?}");
    }
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_767_225_600 + NOW as u64 * DAY));
    let expected: [Expect; 1] = ["server.test".parse().expect("a name")];
    let chain = [world.leaves[leaf].clone(), world.issuers[1].der().clone()];
    let judged = trust.judge(&Peer::new(Role::Server, &chain), &JudgeOptions::new(&expected, now));
    // The issuer of each certificate, and its bit in a list.
    let mut all_good = problems.is_empty() && lists.iter().all(|list| !list.damaged && list.issuer != 2);
    for (issuer, bit) in [(1, leaf + 1), (0, 0)] {
        let holds = |list: &&List| list.revoked >> bit & 1 == 1;
        let current: Vec<&List> = lists.iter().filter(|list| list.counts(issuer)).collect();
        let newest = current.iter().map(|list| list.this_update).max();
        let of_newest: Vec<&&List> = current.iter().filter(|list| Some(list.this_update) == newest).collect();
        if judged.is_ok() {
            assert!(
                lists.iter().any(|list| list.issuer == issuer && (list.damaged || list.counts(issuer))),
                "no current list"
            );
            // Damage may have changed only a date, and an older list never replaces a list that does not verify. So the
            // assertions are about undamaged lists.
            if lists.iter().all(|list| !list.damaged) {
                assert!(!of_newest.is_empty() && !of_newest.iter().all(|list| holds(list)), "revoked, and accepted");
            }
        }
        // A future or older list may also exist. It does not matter.
        all_good &= !current.is_empty() && !lists.iter().any(|list| holds(&list));
    }
    let plain = lists.iter().all(|list| list.counts(list.issuer));
    match judged {
        Ok(_) => {}
        Err(refusal) => {
            assert!(!(all_good && plain), "every list holds them to be good: {refusal}");
            assert!(refusal.to_string().chars().all(|c| !c.is_control()));
        }
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for leaf in 0..3 {
        for revoked in [0, 1, 2 << leaf, 15] {
            // Current, expired and future lists, of both issuers, of one, and of the other CA.
            for made in [12, 60, 0] {
                seeds.push(vec![leaf | 4, 0, 12, 30, 0, 0, 1, made, 30, revoked, 0]);
                seeds.push(vec![leaf, 1, made, 30, revoked, 0]);
                seeds.push(vec![leaf | 8, 0, 12, 30, 0, 0, 1, 12, 30, 0, 0, 2, made, 30, revoked, 0]);
                seeds.push(vec![leaf | 12, 0, 12, 30, 0, 0, 1, 12, 30, 0, 0, 1, made, 40, revoked, 0, 0, 12, 30, 0, 0]);
                seeds.push(vec![leaf | 4, 0, 12, 30, 0, 0, 1, made, 30, revoked, 200, 0, 90, 1]);
            }
        }
    }
    seeds
}
