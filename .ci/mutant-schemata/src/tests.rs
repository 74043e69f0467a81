//! Which tests there are, and how they are run.
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Test targets of one package.
pub struct Suite {
    pub folder: &'static str,
    pub arguments: &'static [&'static str],
    /// Targets that are not run.
    pub without: &'static [&'static str],
}

/// Without those that read documents, build programs, or need other programs. With all features of the crate, aws-lc
/// stands in for ring and libcrux; the other suites have those.
pub const SUITES: [Suite; 4] = [
    Suite {
        folder: "tests/neighbours",
        arguments: &["--features=mlkem,mldsa", "--test=rustls", "--test=ml_kem", "--test=probe", "--test=quic"],
        without: &[],
    },
    Suite { folder: "examples/services", arguments: &["--test=tokio"], without: &[] },
    Suite { folder: ".", arguments: &["--features=mlkem,mldsa", "--lib", "--test=x509"], without: &[] },
    Suite { folder: ".", arguments: &["--all-features", "--lib", "--tests"], without: &["project", "programs"] },
];

#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Binary {
    pub path: PathBuf,
    pub name: String,
    /// Where its package lies: tests open files from there.
    pub folder: PathBuf,
}

impl Binary {
    /// A run of so many seconds; it is killed if it takes longer. A mutant that allocates without end fails at 4 GiB.
    pub fn command(&self, seconds: f64) -> Command {
        let mut command = Command::new("prlimit");
        command.args(["--as=4294967296", "--core=0", "timeout", "--signal=KILL", &format!("{seconds:.1}")]);
        command.arg(&self.path).current_dir(&self.folder).stderr(Stdio::null());
        // As cargo does.
        command.env("CARGO_MANIFEST_DIR", &self.folder);
        // Only that it fails counts: not where, and not the smallest case.
        command.env("RUST_BACKTRACE", "0");
        command.env("PROPTEST_MAX_SHRINK_ITERS", "0").env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
        command
    }
}

/// `timeout` kills itself like what it runs.
pub fn was_killed(status: ExitStatus) -> bool {
    status.code().is_none_or(|code| code == 128 + 9)
}

/// Calls `work` with each number, so many at a time for each processor.
pub fn in_parallel(per_processor: usize, numbers: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..per_processor * thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers {
                        break;
                    }
                    work(number);
                }
            });
        }
    });
}
