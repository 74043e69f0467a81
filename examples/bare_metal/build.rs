//! Provisions the key and certificate of each end, and builds the assembly that ring omits on targets without an
//! operating system.

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=board.ld");
    let (folder, out) = (env::var("CARGO_MANIFEST_DIR")?, env::var("OUT_DIR")?);
    let arch = env::var("CARGO_CFG_TARGET_ARCH")?;
    for name in ["client", "server", "stranger"] {
        identity(name, Path::new(&out))?;
    }
    assemble_ring(&arch)?;
    if arch == "arm" {
        println!("cargo:rustc-link-arg-bins=-T{folder}/board.ld");
    }
    Ok(())
}

/// A P-256 key, its certificate, and the SubjectPublicKeyInfo that the peer pins.
fn identity(name: &str, out: &Path) -> Result<(), Box<dyn Error>> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = CertificateParams::new([format!("{name}.test")])?.self_signed(&key)?;
    fs::write(out.join(format!("{name}.key")), key.serialize_der())?;
    fs::write(out.join(format!("{name}.cert")), certificate.der())?;
    fs::write(out.join(format!("{name}.spki")), key.subject_public_key_info())?;
    Ok(())
}

/// ring 0.17.14 calls its assembly on every target of the architecture, but builds it only for known operating systems;
/// `none` is not among them. Its package contains the sources.
fn assemble_ring(arch: &str) -> Result<(), Box<dyn Error>> {
    // Packages that only other targets need may not be here.
    let options = ["--offline".into(), format!("--filter-platform={}", env::var("TARGET")?)];
    let metadata = cargo_metadata::MetadataCommand::new().other_options(options).exec()?;
    let ring = metadata.packages.iter().find(|package| package.name == "ring").ok_or("no ring among our packages")?;
    let folder = ring.manifest_path.parent().ok_or("a package without a folder")?;
    let ours = |name: &str| match arch {
        "arm" => name.ends_with("-linux32.S"),
        _ => name.contains("x86_64") && name.ends_with("-elf.S"),
    };
    let mut assembler = cc::Build::new();
    assembler.include(folder.join("include")).include(folder.join("pregenerated"));
    for entry in fs::read_dir(folder.join("pregenerated"))? {
        let path = entry?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(ours) {
            assembler.file(path);
        }
    }
    assembler.try_compile("ring_assembly")?;
    Ok(())
}
