//! No part of the catalogue is lost without anybody's notice.

use countersign::Role;
use countersign::adversary::catalogue::all;

const OF_SERVERS: [(&str, usize); 17] = [
    ("afterwards", 42),
    ("alert", 14),
    ("alpn", 4),
    ("certificate", 45),
    ("certificate_verify", 20),
    ("client_hello", 109),
    ("close", 2),
    ("data", 6),
    ("finished", 15),
    ("foreign", 36),
    ("late", 15),
    ("name", 25),
    ("record", 62),
    ("retry", 7),
    ("server_name", 6),
    ("split", 4),
    ("version", 4),
];
const OF_CLIENTS: [(&str, usize); 15] = [
    ("afterwards", 59),
    ("alert", 14),
    ("certificate", 47),
    ("certificate_request", 47),
    ("certificate_verify", 19),
    ("data", 4),
    ("encrypted_extensions", 41),
    ("finished", 13),
    ("foreign", 33),
    ("late", 13),
    ("name", 27),
    ("record", 52),
    ("retry", 11),
    ("server_hello", 66),
    ("split", 4),
];

/// Whoever adds cases raises these numbers, and whoever takes some away says why.
#[test]
fn each_family_has_at_least_its_cases() {
    for (target, families) in [(Role::Server, &OF_SERVERS[..]), (Role::Client, &OF_CLIENTS)] {
        let names: Vec<String> = all(target).into_iter().map(|case| case.name).collect();
        for (family, least) in families {
            let count = names.iter().filter(|name| name.split('/').next() == Some(family)).count();
            assert!(count >= *least, "{target}: {family} has {count} cases, and had {least}");
        }
        let known = |name: &String| families.iter().any(|(family, _)| name.split('/').next() == Some(family));
        assert!(names.iter().all(known), "a new family belongs in this list");
    }
}
