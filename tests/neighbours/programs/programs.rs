//! Other programs: each is started in its own directory on a free port, its output is read, and it is killed at the
//! end.

use crate::book;
use crate::pki::Dir;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The time limit of each step. Only a failure waits this long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running program and its output.
pub struct Program {
    child: Child,
    said: Arc<Mutex<String>>,
    /// The thread that reads the output.
    listeners: Vec<JoinHandle<()>>,
    /// A log file that it also writes.
    log: Option<String>,
    /// The directory of its files, if it has any.
    home: Option<Dir>,
}

impl Program {
    /// Runs it in the directory that contains `pki`, sends `input`, and closes its standard input.
    pub fn start(dir: &Dir, command: &mut Command, input: &str) -> Program {
        for proxy in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
            command.env_remove(proxy);
        }
        command.current_dir(&dir.0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = Arc::new(Mutex::new(String::new()));
        let listeners = vec![listen(child.stdout.take().unwrap(), &said), listen(child.stderr.take().unwrap(), &said)];
        child.stdin.as_mut().unwrap().write_all(input.as_bytes()).unwrap();
        Program { child, said, listeners, log: None, home: None }
    }

    /// Runs a command line.
    pub fn driver(dir: &Dir, line: &str, input: &str) -> Program {
        Program::start(dir, Command::new("sh").args(["-c", &format!("exec {line}")]), input)
    }

    /// The output so far.
    pub fn said(&self) -> String {
        let log = self.log.as_ref().and_then(|log| fs::read(log).ok()).unwrap_or_default();
        self.said.lock().unwrap().clone() + &String::from_utf8_lossy(&log)
    }

    /// Adds to the output: the answer to a request.
    pub fn answers(&self, text: &str) {
        self.said.lock().unwrap().push_str(text);
    }

    /// Sends it this signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits until it has ended. Returns whether it succeeded, and its output.
    pub fn ends(mut self) -> (bool, String) {
        let status = self.child.wait().unwrap();
        for listener in self.listeners.drain(..) {
            listener.join().unwrap();
        }
        (status.success(), self.said())
    }

    /// Waits for this text.
    pub fn waits_for(&self, words: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while !self.said().contains(words) {
            assert!(Instant::now() < end, "it never said {words:?}, but:\n{}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
        self.said()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(mut stream: impl Read + Send + 'static, said: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let said = Arc::clone(said);
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut bytes) {
            said.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
    })
}

/// A free port, below those that systems assign automatically.
fn free_port() -> u16 {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    loop {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + (std::process::id().wrapping_mul(61).wrapping_add(tried) % 12_000) as u16;
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
}

/// How a server is started: from the directory that contains `pki`, its own directory, and the block's text.
pub type Start = fn(&Dir, &Dir, &str) -> Program;

/// Starts the block's program with some words replaced, in front of `upstream`. Returns its port, too.
pub fn serve(start: Start, dir: &Dir, title: &str, upstream: u16, changes: &[(&str, &str)]) -> (Program, u16) {
    // Another program may take the port before it is used. Then it tries another port.
    for _ in 0..3 {
        let port = free_port();
        // In two steps, because one number may be a part of another.
        let text = book::changed(title, changes).replace("8080", "8443").replace("8443", "<port>");
        let text = text.replace("4433", "<upstream>").replace("<port>", &port.to_string());
        let text = text.replace("<upstream>", &upstream.to_string()).replace("/etc/mtls", &dir.path("pki"));
        let home = Dir::new();
        let mut program = start(dir, &home, &text);
        program.home = Some(home);
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            // The listener is our program, unless it has ended.
            let listens = TcpStream::connect(("127.0.0.1", port)).is_ok();
            if program.child.try_wait().unwrap().is_some() {
                eprintln!("{title} ended:\n{}", program.said());
                break;
            }
            if listens {
                return (program, port);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    panic!("{title} does not start");
}

/// Makes the files that a block's program needs.
pub fn make_files(dir: &Dir, title: &str, changes: &[(&str, &str)]) {
    let mut command = Command::new("sh");
    assert!(command.args(["-ec", &book::changed(title, changes)]).current_dir(&dir.0).status().unwrap().success());
}

pub fn driver(dir: &Dir, _home: &Dir, line: &str) -> Program {
    Program::driver(dir, line, "")
}

/// In one process, with all its files in its directory.
pub fn nginx(dir: &Dir, home: &Dir, server: &str) -> Program {
    let log = "error_log stderr info; access_log off;";
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|what| format!("{what}_temp_path tmp;"));
    home.write(
        "nginx.conf",
        &format!(
            "daemon off; master_process off; pid nginx.pid; events {{}}\nhttp {{ {log} {}\n{server}\n}}\n",
            temporary.join(" ")
        ),
    );
    let (prefix, configuration) = (home.path(""), home.path("nginx.conf"));
    let mut command = debian("nginx");
    Program::start(dir, command.args(["-e", "stderr", "-p", &prefix, "-c", &configuration]), "")
}

/// With Debian's modules, in one process.
pub fn apache(dir: &Dir, home: &Dir, host: &str) -> Program {
    let modules = ["mpm_event", "authz_core", "ssl", "headers", "proxy", "proxy_http"]
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"));
    let at = home.path("");
    let files =
        format!("ServerRoot {at}\nDefaultRuntimeDir {at}\nPidFile apache.pid\nErrorLog apache.log\nMutex file:{at}");
    // root becomes www-data. Other users stay who they are.
    let who = "User www-data\nGroup www-data\nServerName localhost\nSSLSessionCache none\nLogLevel info";
    home.write("apache.conf", &format!("{files}\n{}\n{who}\n{host}\n", modules.join("\n")));
    let mut command = debian("apache2");
    let mut program = Program::start(dir, command.args(["-X", "-f", &home.path("apache.conf")]), "");
    program.log = Some(home.path("apache.log"));
    program
}

pub fn haproxy(dir: &Dir, home: &Dir, sections: &str) -> Program {
    let first = "global\n    log stderr format raw local0\n\ndefaults\n    log global\n";
    home.write("haproxy.cfg", &format!("{first}\n{sections}\n"));
    let mut command = debian("haproxy");
    Program::start(dir, command.args(["-db", "-f", &home.path("haproxy.cfg")]), "")
}

pub fn python_server(dir: &Dir, _home: &Dir, script: &str) -> Program {
    python(dir, script)
}

pub fn python(dir: &Dir, script: &str) -> Program {
    Program::start(dir, Command::new("python3").args(["-c", script]), "")
}

/// Debian's servers are not in the PATH of ordinary users.
fn debian(name: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("env");
    command.arg(format!("PATH={path}:/usr/sbin:/sbin")).arg(name);
    command
}

/// Sends a plain HTTP request to a proxy.
pub fn ask(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
