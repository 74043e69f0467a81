//! OpenSSL judges the certificates of the example.

use super::{Workspace, refused};
use std::process::{Command, Output};

fn openssl(workspace: &Workspace, args: &str) -> Output {
    let output = Command::new("openssl").args(args.split(' ')).current_dir(&workspace.dir).output();
    output.expect("openssl is installed")
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat()
}

#[test]
#[ignore = "needs openssl 3"]
fn openssl_accepts_the_chains_strictly_until_they_are_revoked() {
    let workspace = Workspace::today();
    let made = openssl(&workspace, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key");
    assert!(made.status.success(), "{}", said(&made));
    for (name, key) in [("p256", "--key p256"), ("p384", "--key p384"), ("ed25519", "--key ed25519"), ("rsa", "")] {
        workspace
            .run(format!("issue {name} --dns localhost --ip ::1 --spiffe spiffe://example.org/{name} {key}").trim())
            .unwrap();
        let verify = |more: &str| {
            openssl(
                &workspace,
                &format!(
                    "verify -x509_strict -CAfile ca.pem -untrusted {name}.pem -CRLfile crl.pem -crl_check_all {more} {name}.pem"
                ),
            )
        };
        for more in ["-purpose sslclient", "-purpose sslserver -verify_hostname localhost", "-verify_ip ::1"] {
            let output = verify(more);
            assert!(output.status.success(), "{name} {more}: {}", said(&output));
        }
        let output = verify("-verify_hostname other");
        assert!(said(&output).contains("hostname mismatch"), "{}", said(&output));
        workspace.run(&format!("revoke {name}")).unwrap();
        let output = verify("-purpose sslclient");
        assert!(!output.status.success() && said(&output).contains("certificate revoked"), "{}", said(&output));
    }
    workspace.run("issue server --server --dns localhost").unwrap();
    let output = openssl(&workspace, "verify -CAfile ca.pem -untrusted server.pem -purpose sslclient server.pem");
    assert!(said(&output).contains("unsuitable certificate purpose"), "{}", said(&output));
}

#[test]
#[ignore = "needs openssl 3"]
fn the_command_for_a_key_in_another_form_helps() {
    let workspace = Workspace::new();
    for (name, made) in [
        ("sec1", "ecparam -name prime256v1 -genkey -noout -out KEY"),
        ("pkcs1", "genrsa -traditional -out KEY 2048"),
        ("locked", "genpkey -algorithm ed25519 -aes256 -pass pass:x -out KEY"),
    ] {
        let made = openssl(&workspace, &made.replace("KEY", &format!("{name}.key")));
        assert!(made.status.success(), "{}", said(&made));
        let told = refused(workspace.run(&format!("issue {name} --client")));
        let (_, command) = told.split_once("(openssl ").unwrap();
        let command = command.split_once(" makes").unwrap().0;
        let command = command.replace("KEY", &format!("{name}.key")).replace("PLAIN", "plain");
        let more = if name == "locked" { " -passin pass:x" } else { "" };
        let output = openssl(&workspace, &format!("{command}{more}"));
        assert!(output.status.success(), "{command}: {}", said(&output));
        std::fs::rename(workspace.path("plain"), workspace.path(&format!("{name}.key"))).unwrap();
        workspace.run(&format!("issue {name} --client")).unwrap();
    }
}

#[test]
#[ignore = "needs openssl 3"]
fn openssl_reads_the_svid_as_we_mean_it() {
    let workspace = Workspace::today();
    workspace.run("issue web --spiffe spiffe://example.org/web").unwrap();
    let text = said(&openssl(&workspace, "x509 -noout -text -in web.pem"));
    for part in [
        "URI:spiffe://example.org/web\n",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "TLS Web Server Authentication, TLS Web Client Authentication\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let text = said(&openssl(&workspace, "crl -noout -text -in crl.pem"));
    assert!(text.contains("X509v3 CRL Number") && text.contains("Next Update"), "{text}");
}

#[cfg(unix)]
#[test]
#[ignore = "needs openssl 3"]
fn the_printed_pkcs12_line_makes_a_file_for_browsers() {
    let workspace = Workspace::today();
    for key in ["p256", "p384", "ed25519"] {
        let text = workspace.run(&format!("issue {key} --client --key {key}")).unwrap();
        let line = text.lines().map(str::trim).find(|line| line.starts_with("openssl pkcs12")).unwrap();
        let output = Command::new("sh").args(["-c", &format!("{line} -passout pass:secret")]).output().unwrap();
        assert!(output.status.success(), "{key}: {}", said(&output));
        let listed = said(&openssl(&workspace, &format!("pkcs12 -in {key}.p12 -passin pass:secret -nodes")));
        assert_eq!(listed.matches("BEGIN CERTIFICATE").count(), 3, "leaf, intermediate, root: {listed}");
        assert_eq!(listed.matches("BEGIN PRIVATE KEY").count(), 1);
    }
}
