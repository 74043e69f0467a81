//! Certificates that an orchestrator puts into a directory and renews there.

use crate::ours::connect;
use crate::pki::{self, Dir};
use crate::programs::Program;
use crate::run::SERVER;
use countersign::x509::{Expect, PeerIdentity};
use countersign_services::files::Files;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// A volume as Kubernetes mounts it, with the names of cert-manager: each file is a link to `..data/FILE`, and `..data` is a
/// link to the directory of one generation, which is replaced in one step.
struct Volume(PathBuf);

const FILES: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

impl Volume {
    fn new(dir: &Dir) -> Volume {
        let volume = Volume(dir.0.join("volume"));
        fs::create_dir(&volume.0).unwrap();
        for file in FILES {
            symlink(format!("..data/{file}"), volume.0.join(file)).unwrap();
        }
        volume
    }

    /// The directory of a generation, with these files; in the order of `FILES`.
    fn prepare(&self, generation: &str, contents: [Vec<u8>; 3]) {
        let directory = self.0.join(generation);
        fs::create_dir(&directory).unwrap();
        for (file, content) in FILES.into_iter().zip(contents) {
            fs::write(directory.join(file), content).unwrap();
        }
    }

    fn swap(&self, generation: &str) {
        let new = self.0.join("..data_tmp");
        symlink(generation, &new).unwrap();
        fs::rename(new, self.0.join("..data")).unwrap();
    }

    fn arguments(&self) -> Vec<String> {
        let [cert, key, ca] = FILES.map(|file| self.0.join(file).to_str().unwrap().to_string());
        ["--cert", &cert, "--key", &key, "--ca", &ca].map(str::to_string).to_vec()
    }
}

/// What `tls.crt`, `tls.key` and `ca.crt` are to be.
fn generation(dir: &Dir, name: &str) -> [Vec<u8>; 3] {
    [format!("pki/{name}.pem"), format!("pki/{name}.key"), "pki/ca.pem".to_string()].map(|file| dir.read(&file))
}

fn serve(dir: &Dir, command: &mut Command) -> (Program, String) {
    let server = Program::start(dir, command.args(["--listen", "127.0.0.1:0"]), "");
    let said = server.waits_for("listening on 127.0.0.1:");
    let (_, port) = said.trim_end().rsplit_once(':').unwrap();
    (server, format!("https://localhost:{port}"))
}

fn shown(dir: &Dir, url: &str) -> String {
    connect(dir, url).unwrap().peer().identity().unwrap().common_name.unwrap()
}

#[test]
fn a_swapped_volume_is_used_and_one_that_is_half_written_is_not() {
    let dir = pki::make();
    let volume = Volume::new(&dir);
    volume.prepare("..1", generation(&dir, "server"));
    volume.swap("..1");
    let (server, url) = serve(&dir, Command::new(SERVER).args(volume.arguments()));
    assert_eq!(shown(&dir, &url), "server");

    let [chain, key, ca] = generation(&dir, "renewed-server");
    volume.prepare("..2", [chain[..chain.len() / 3].to_vec(), key.clone(), ca.clone()]);
    volume.swap("..2");
    server.waits_for("the old contents stay in use");
    assert_eq!(shown(&dir, &url), "server", "half a chain");

    volume.prepare("..3", [chain.clone(), dir.read("pki/server.key"), ca.clone()]);
    volume.swap("..3");
    server.waits_for("belong");
    assert_eq!(shown(&dir, &url), "server", "the key of another certificate");

    volume.prepare("..4", [chain, key, ca]);
    volume.swap("..4");
    server.waits_for("tls.crt read again: the new contents are in use");
    assert_eq!(shown(&dir, &url), "renewed server");

    let [chain, key, _] = generation(&dir, "renewed-server");
    volume.prepare("..5", [chain, key, Vec::new()]);
    volume.swap("..5");
    server.waits_for("no certificate found");
    assert_eq!(shown(&dir, &url), "renewed server", "an empty file of roots trusts nobody else, and nobody less");
}

#[test]
fn files_that_are_swapped_while_they_are_read_are_never_mixed() {
    let dir = pki::make();
    let volume = Volume::new(&dir);
    volume.prepare("..1", generation(&dir, "server"));
    volume.prepare("..2", generation(&dir, "renewed-server"));
    volume.swap("..1");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in (0..).take_while(|_| !over.load(Ordering::Relaxed)) {
                volume.swap(if number % 2 == 0 { "..2" } else { "..1" });
            }
        });
        let mut good = 0;
        for _ in 0..2000 {
            let arguments = volume.arguments().into_iter().map(Into::into).collect();
            let files = Files::from_arguments(&mut pico_args::Arguments::from_vec(arguments)).unwrap();
            match files.config() {
                Ok(config) => {
                    let identities = config.identities().get();
                    let leaf = PeerIdentity::read(&identities.leaves()[0]).unwrap();
                    let key = identities.identities()[0].key().unwrap().public_key();
                    assert_eq!(Expect::Spki(leaf.spki_sha256), Expect::public_key(&key));
                    good += 1;
                }
                Err(error) => assert!(error.to_string().contains("belong"), "{error}"),
            }
        }
        over.store(true, Ordering::Relaxed);
        assert!(good > 0);
    });
}

/// As the volume of a pod certificate has it: key and chain in one file.
#[test]
fn one_file_may_hold_key_and_chain() {
    let dir = pki::make();
    let bundle = [dir.read("pki/server.key"), dir.read("pki/server.pem")].concat();
    fs::write(dir.path("credentialbundle.pem"), bundle).unwrap();
    let files = ["--cert", "credentialbundle.pem", "--key", "credentialbundle.pem", "--ca", "pki/ca.pem"];
    let (_server, url) = serve(&dir, Command::new(SERVER).args(files));
    assert_eq!(shown(&dir, &url), "server");
}

/// As systemd passes them: in a directory that only the service can read, and that nobody can write.
#[test]
fn credentials_of_systemd_are_files_in_a_directory_that_the_environment_names() {
    let dir = pki::make();
    let credentials = dir.0.join("credentials");
    fs::create_dir(&credentials).unwrap();
    for file in ["server.pem", "server.key", "ca.pem"] {
        fs::copy(dir.path(&format!("pki/{file}")), credentials.join(file)).unwrap();
        fs::set_permissions(credentials.join(file), fs::Permissions::from_mode(0o400)).unwrap();
    }
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o500)).unwrap();
    let mut command = Command::new("sh");
    let line = r#"cd /; exec "$0" "$@" --cert "$CREDENTIALS_DIRECTORY/server.pem" --key "$CREDENTIALS_DIRECTORY/server.key" --ca "$CREDENTIALS_DIRECTORY/ca.pem""#;
    command.args(["-c", line, SERVER]).env("CREDENTIALS_DIRECTORY", &credentials);
    let (_server, url) = serve(&dir, &mut command);
    assert_eq!(shown(&dir, &url), "server");
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o700)).unwrap();
}
