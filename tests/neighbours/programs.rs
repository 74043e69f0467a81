//! Other programs: started in a directory of their own, on a free port, heard, and killed at the end.

use crate::book;
use crate::pki::Dir;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything here may take. Only a failure waits so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A program that runs, and what it has said.
pub struct Program {
    child: Child,
    said: Arc<Mutex<String>>,
    /// A log that it writes instead.
    log: Option<String>,
}

impl Program {
    /// Runs it in the directory in which `pki` lies; says `input` to it and then no more.
    pub fn start(dir: &Dir, command: &mut Command, input: &str) -> Program {
        for proxy in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
            command.env_remove(proxy);
        }
        command.current_dir(&dir.0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = Arc::new(Mutex::new(String::new()));
        listen(child.stdout.take().unwrap(), &said);
        listen(child.stderr.take().unwrap(), &said);
        child.stdin.as_mut().unwrap().write_all(input.as_bytes()).unwrap();
        Program { child, said, log: None }
    }

    /// Runs a command line.
    pub fn shell(dir: &Dir, line: &str, input: &str) -> Program {
        Program::start(dir, Command::new("sh").args(["-c", &format!("exec {line}")]), input)
    }

    /// All that it has said so far.
    pub fn said(&self) -> String {
        let log = self.log.as_ref().and_then(|log| fs::read(log).ok()).unwrap_or_default();
        self.said.lock().unwrap().clone() + &String::from_utf8_lossy(&log)
    }

    /// Waits until it has said this.
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

fn listen(mut stream: impl Read + Send + 'static, said: &Arc<Mutex<String>>) {
    let said = Arc::clone(said);
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut bytes) {
            said.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
    });
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A neighbour that serves: how it is started with this configuration.
pub struct Kind {
    /// Its block in the book.
    pub title: &'static str,
    /// The block that makes its files, if it needs any.
    pub files: Option<&'static str>,
    /// By the directory where `pki` lies, an empty one of its own, and what the block says.
    start: fn(&Dir, &Dir, &str) -> Program,
}

pub const NGINX: Kind = Kind { title: "nginx", files: None, start: nginx };
pub const APACHE: Kind = Kind { title: "apache", files: Some("sh apache-files"), start: apache };
pub const HAPROXY: Kind = Kind { title: "haproxy", files: Some("sh haproxy-files"), start: haproxy };
pub const GNUTLS: Kind = Kind { title: "sh gnutls-serv", files: None, start: shell };
pub const OPENSSL: Kind = Kind { title: "sh s_server", files: None, start: shell };
pub const PYTHON: Kind = Kind { title: "python server", files: None, start: python_server };

/// A neighbour that runs, and its port.
pub struct Neighbour {
    pub program: Program,
    pub port: u16,
    _home: Dir,
}

impl Kind {
    /// Starts what the block says, changed as told: as each of `changes` has it, from what to what.
    pub fn start(&self, dir: &Dir, title: &str, upstream: u16, changes: &[(&str, &str)]) -> Neighbour {
        let book = |title: &str| {
            let mut text = book::block(title);
            for (from, to) in changes {
                text = text.replace(from, to);
            }
            text
        };
        if let Some(files) = self.files {
            let made = Command::new("sh").args(["-ec", &book(files)]).current_dir(&dir.0).status().unwrap();
            assert!(made.success());
        }
        // Between the choice of a port and its use another may take it: then with another one.
        for _ in 0..5 {
            let port = free_port();
            let text = book(title)
                .replace("/etc/mtls", &dir.path("pki"))
                .replace("8443", &port.to_string())
                .replace("8080", &port.to_string())
                .replace("4433", &upstream.to_string());
            let home = Dir::new();
            let mut program = (self.start)(dir, &home, &text);
            let end = Instant::now() + PATIENCE;
            while Instant::now() < end {
                // Whoever listens there is ours, unless it has ended.
                let listens = TcpStream::connect(("127.0.0.1", port)).is_ok();
                if program.child.try_wait().unwrap().is_some() {
                    eprintln!("{title} ended:\n{}", program.said());
                    break;
                }
                if listens {
                    return Neighbour { program, port, _home: home };
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        panic!("{title} does not start");
    }
}

fn shell(dir: &Dir, _home: &Dir, line: &str) -> Program {
    Program::shell(dir, line, "")
}

/// In one process, with all of its files in its directory.
fn nginx(dir: &Dir, home: &Dir, server: &str) -> Program {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|what| format!("{what}_temp_path tmp;"));
    home.write(
        "nginx.conf",
        &format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr info; events {{}}\n\
             http {{ access_log off; {}\n{server}\n}}\n",
            temporary.join(" ")
        ),
    );
    let (prefix, configuration) = (home.path(""), home.path("nginx.conf"));
    let mut command = debian("nginx");
    Program::start(dir, command.args(["-e", "stderr", "-p", &prefix, "-c", &configuration]), "")
}

/// With Debian's modules, in one process.
fn apache(dir: &Dir, home: &Dir, host: &str) -> Program {
    let modules = ["mpm_event", "authz_core", "ssl", "headers", "proxy", "proxy_http"]
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"));
    let at = home.path("");
    home.write(
        "apache.conf",
        &format!(
            "ServerRoot {at}\nDefaultRuntimeDir {at}\nPidFile apache.pid\nErrorLog apache.log\nLogLevel info\n\
             {}\nServerName localhost\nMutex file:{at}\nSSLSessionCache none\nUser www-data\nGroup www-data\n{host}\n",
            modules.join("\n")
        ),
    );
    let mut command = debian("apache2");
    let mut program = Program::start(dir, command.args(["-X", "-f", &home.path("apache.conf")]), "");
    program.log = Some(home.path("apache.log"));
    program
}

fn haproxy(dir: &Dir, home: &Dir, sections: &str) -> Program {
    let first = "global\n    log stderr format raw local0\n\ndefaults\n    log global\n";
    home.write("haproxy.cfg", &format!("{first}\n{sections}\n"));
    let mut command = debian("haproxy");
    Program::start(dir, command.args(["-db", "-f", &home.path("haproxy.cfg")]), "")
}

fn python_server(dir: &Dir, _home: &Dir, script: &str) -> Program {
    python(dir, script)
}

pub fn python(dir: &Dir, script: &str) -> Program {
    Program::start(dir, Command::new("python3").args(["-c", script]), "")
}

/// Debian puts servers where ordinary users' PATH does not lead.
fn debian(name: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("env");
    command.arg(format!("PATH={path}:/usr/sbin:/sbin")).arg(name);
    command
}

/// Asks a proxy by plain HTTP.
pub fn ask(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}
