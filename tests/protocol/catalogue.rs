//! The catalogue does not change unnoticed: reports name its cases, and a case that is lost would try nothing.

use countersign::Role;
use countersign::adversary::catalogue::all;
use countersign::internals::crypto::HashAlgorithm;
use std::path::Path;

/// A line for each case: name, rule, who, what is right, and a hash of everything.
fn lines(target: Role) -> String {
    let line = |case: countersign::adversary::catalogue::Case| {
        let hash = HashAlgorithm::Sha256.hash(format!("{case:?}").as_bytes());
        let quick = if case.quick { ", quick" } else { "" };
        let hash = hex::encode(&hash.as_ref()[..4]);
        format!("{} | {} | {:?} | {:?}{quick} | {hash}\n", case.name, case.rule, case.who, case.right)
    };
    all(target).into_iter().map(line).collect()
}

/// To accept a change, run `CATALOGUE=write cargo test --test protocol catalogue`, and review the difference.
#[test]
fn the_catalogue_is_as_it_was() {
    for target in [Role::Server, Role::Client] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/catalogue/{target}.txt"));
        let is = lines(target);
        if std::env::var("CATALOGUE").is_ok_and(|word| word == "write") {
            std::fs::write(&path, &is).unwrap();
        }
        let was = std::fs::read_to_string(&path).expect("the catalogue as it was");
        if let Some((is, was)) = is.lines().zip(was.lines()).find(|(is, was)| is != was) {
            panic!("{}:\n is  {is}\n was {was}", path.display());
        }
        assert_eq!(is.lines().count(), was.lines().count(), "{}", path.display());
    }
}
