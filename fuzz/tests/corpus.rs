//! Runs the fuzz targets without a fuzzer, over the seeds and over what fuzzers have found (fuzz/README.md).

use countersign_fuzz::TARGETS;
use std::fs;
use std::path::{Path, PathBuf};

const FUZZ: &str = env!("CARGO_MANIFEST_DIR");

/// Runs one target over its generated seeds, and over the files in fuzz/seeds/NAME.
fn corpus(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| (target.run)(seed));
    let folder = Path::new(FUZZ).join("seeds").join(name);
    let files = files_in(&folder);
    assert!(!files.is_empty(), "{} is empty: what fuzzers have found is not run", folder.display());
    for path in files {
        println!("{}", path.display());
        (target.run)(&fs::read(path).unwrap());
    }
}

/// The files of a folder, which must exist.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| file.unwrap().path()).collect()
}

#[test]
fn client_bytes() {
    corpus("client_bytes");
}

#[test]
fn server_bytes() {
    corpus("server_bytes");
}

#[test]
fn message_sequence() {
    corpus("message_sequence");
}

#[test]
fn man_in_the_middle() {
    corpus("man_in_the_middle");
}

#[test]
fn codec_roundtrip() {
    corpus("codec_roundtrip");
}

#[test]
fn inbox() {
    corpus("inbox");
}

#[test]
fn x509_verdict() {
    corpus("x509_verdict");
}

#[test]
fn session() {
    corpus("session");
}

#[test]
fn differential() {
    corpus("differential");
}

#[test]
fn flow() {
    corpus("flow");
}

#[test]
fn explain() {
    corpus("explain");
}

#[test]
fn authenticator() {
    corpus("authenticator");
}

#[test]
fn interrupted() {
    corpus("interrupted");
}

#[test]
fn halves() {
    corpus("halves");
}

#[test]
fn revocation() {
    corpus("revocation");
}

#[test]
fn refusals() {
    corpus("refusals");
}

#[test]
fn pem() {
    corpus("pem");
}

#[test]
fn key_files() {
    corpus("key_files");
}

#[test]
fn embedding() {
    corpus("embedding");
}

#[test]
fn sessions() {
    corpus("sessions");
}

/// Every target has its file for libFuzzer, its entry in the manifest, and its test above.
#[test]
fn no_target_is_forgotten() {
    let manifest = fs::read_to_string(Path::new(FUZZ).join("Cargo.toml")).unwrap();
    for target in TARGETS {
        assert!(manifest.contains(&format!("name = \"{}\"", target.name)));
        assert!(Path::new(FUZZ).join("fuzz_targets").join(target.name).with_extension("rs").exists());
        assert!(include_str!("corpus.rs").contains(&format!("fn {}()", target.name)));
    }
    for folder in ["fuzz_targets", "seeds"] {
        assert_eq!(files_in(&Path::new(FUZZ).join(folder)).len(), TARGETS.len(), "{folder}: one for each target");
    }
}

/// Writes the seeds to fuzz/corpus/NAME, where libFuzzer begins.
#[test]
#[ignore = "writes files: fuzz/corpus"]
fn writes_the_seeds() {
    for target in TARGETS {
        let dir = Path::new(FUZZ).join("corpus").join(target.name);
        fs::create_dir_all(&dir).unwrap();
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(dir.join(format!("seed-{number:04}")), seed).unwrap();
        }
        assert!(fs::read_dir(dir).unwrap().count() > 0);
    }
}
