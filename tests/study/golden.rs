//! The JSON of published traces, byte for byte: what programs read must not change unnoticed.

use crate::rfc8448::{SECTIONS, trace};
use crate::vectors::Vectors;
use countersign::study::json;
use std::path::Path;

/// To accept a change: `STUDY_GOLDEN=write cargo test --test study golden`, and read the difference.
#[test]
fn the_json_of_the_published_traces_is_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/study");
    for (section, text) in SECTIONS {
        // The mutual one, and one with a HelloRetryRequest.
        let Some(file) = (match section {
            "section 6" => Some("rfc8448-section-6.json"),
            "section 5" => Some("rfc8448-section-5.json"),
            _ => None,
        }) else {
            continue;
        };
        // One member a line, for people who compare.
        let json = json::render(&trace(section, &Vectors::parse(text), true)).replace("},{", "},\n{") + "\n";
        let path = folder.join(file);
        if std::env::var("STUDY_GOLDEN").is_ok_and(|word| word == "write") {
            std::fs::write(&path, &json).unwrap();
        }
        let golden = std::fs::read_to_string(&path).expect("the golden trace");
        if let Some((line, (is, was))) = json.lines().zip(golden.lines()).enumerate().find(|(_, (is, was))| is != was) {
            panic!("{file}, line {}:\n is  {is}\n was {was}", line + 1);
        }
        assert!(json == golden, "{file} has another length");
    }
}
