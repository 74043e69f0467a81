//! Before the cases, two good peers and some bad ones show how the target treats each, and how fast it answers.

use crate::campaign::Status;
use crate::controls::{Gone, SLOW};
use crate::net::Unplayed;
use crate::target::{Notes, Target};
use crate::words;
use countersign::adversary::catalogue::{all, good};
use countersign::adversary::judge::{Baseline, CannotJudge, Verdict};
use countersign::adversary::run::{End, Outcome};
use countersign::{AlertDescription, Role};
use std::time::{Duration, Instant};

/// The bad peers. None of them may be served.
const BAD: [&str; 3] = ["finished/flipped", WITHOUT_CERTIFICATE, OTHER_CA];
const WITHOUT_CERTIFICATE: &str = "certificate/none";
const OTHER_CA: &str = "certificate/other-ca";

/// Why no cases are played.
#[derive(Debug)]
pub(crate) enum NoBaseline {
    CannotJudge(String),
    /// This case has already shown a fault.
    Found(&'static str, Status, String),
}

fn cannot(sentence: impl Into<String>) -> NoBaseline {
    NoBaseline::CannotJudge(sentence.into())
}

impl Target {
    /// Plays two good peers, then the bad ones, with a good one after each.
    pub(crate) fn baseline(&mut self) -> Result<Baseline, NoBaseline> {
        let mut served = Vec::new();
        let mut longest = Duration::ZERO;
        for _ in 0..2 {
            let began = Instant::now();
            let (mut heard, mut bytes) = (began, Vec::new());
            let mut tap = |ours: bool, more: &[u8]| {
                if !ours {
                    heard = Instant::now();
                    bytes.extend_from_slice(more);
                }
            };
            let mut notes = Notes::default();
            let played = match self.play_with_notes(&good(self.role), &mut tap, &mut notes) {
                Ok(played) => played,
                Err(Unplayed::Unreachable(error)) => {
                    return Err(cannot(format!("The target cannot be reached: {error}.")));
                }
                Err(Unplayed::NotOffered(_) | Unplayed::TimeIsUp) => return Err(cannot("No time was left.")),
            };
            if notes.plaintext {
                let said = words::beginning(&bytes);
                return Err(match self.role {
                    Role::Server => cannot(format!("It does not speak TLS: it said {said:?} in plaintext.")),
                    Role::Client => NoBaseline::Found(
                        OTHER_CA,
                        Status::Judged(Verdict::Accepted),
                        format!("it said {said:?} in plaintext, to whoever is there"),
                    ),
                });
            }
            longest = longest.max(heard - began);
            if served.is_empty() && played.0.answer.is_empty() {
                return Err(self.not_answered(&played.0, bytes.is_empty()));
            }
            served.push(played);
        }
        let no_answer = |error: CannotJudge| cannot(capital(&error.to_string()));
        let so_far = Baseline::new(self.role, &served, &[]).map_err(no_answer)?;
        let cases = all(self.role);
        let (mut refused, mut longest_refusal, mut last) = (Vec::new(), Duration::ZERO, String::new());
        let mut without_certificate = None;
        for name in BAD {
            let Some(case) = cases.iter().find(|case| case.name == name) else { continue };
            let mut notes = Notes::default();
            if let Ok(played) = self.play_with_notes(case, &mut |_, _| {}, &mut notes) {
                last = words::of_connection(notes.connection, notes.plaintext, &played.0);
                if played.0.end != End::Silent {
                    longest_refusal = longest_refusal.max(notes.took);
                }
                if case.name == WITHOUT_CERTIFICATE {
                    without_certificate = Some(refused.len());
                }
                refused.push(played);
            }
            match self.good_peer(&so_far) {
                Ok(()) | Err(Gone::TimeIsUp) => {}
                Err(gone) => {
                    self.recovers(&so_far, gone).map_err(|gone| self.gone_after(name, &gone))?;
                    self.limits.pace(Some(SLOW));
                }
            }
        }
        // A target that answers in 10 ms needs no patience of two seconds. Some wait on purpose before they refuse.
        let enough = (longest * 10).max(longest_refusal * 3).max(Duration::from_millis(500));
        self.waits.answer = self.waits.answer.min(enough);
        self.waits.pause = self.waits.pause.min((longest * 3).max(Duration::from_millis(100)));
        let accepted = |name, seen: String| NoBaseline::Found(name, Status::Judged(Verdict::Accepted), seen);
        if self.role == Role::Server && !served[0].0.certificate_requested {
            let none = without_certificate
                .and_then(|at| refused.get(at))
                .filter(|(outcome, marker)| so_far.served(outcome, marker));
            let none = none.map(|(outcome, _)| format!("it asks nobody for a certificate: {}", words::end(outcome)));
            return Err(none.map_or_else(
                || cannot("It asks for no certificate in the handshake. (Asking afterwards is not tried.)"),
                |seen| accepted(WITHOUT_CERTIFICATE, seen),
            ));
        }
        let baseline = Baseline::new(self.role, &served, &refused).map_err(|error| {
            match refused.iter().find(|(outcome, _)| self.role == Role::Server && !outcome.unasked.is_empty()) {
                Some((outcome, _)) => accepted("data/before-it-has-judged", words::end(outcome)),
                // A client must say nothing to an impostor.
                None if self.role == Role::Client && error == CannotJudge::Alike => accepted(OTHER_CA, last),
                None => no_answer(error),
            }
        })?;
        let baseline = baseline.refuses_by(&self.refusal);
        match served.iter().all(|(outcome, marker)| baseline.served(outcome, marker)) {
            true => Ok(baseline),
            false => Err(cannot("A good peer heard what --refusal says.")),
        }
    }

    /// Why a good peer was not answered, if that can be guessed.
    fn not_answered(&self, first: &Outcome, unheard: bool) -> NoBaseline {
        use AlertDescription as A;
        if self.role == Role::Server && !first.unasked.is_empty() {
            let (name, seen) = ("data/before-it-has-judged", words::end(first));
            return NoBaseline::Found(name, Status::Judged(Verdict::Accepted), seen);
        }
        let about_certificates = [
            A::BAD_CERTIFICATE,
            A::UNSUPPORTED_CERTIFICATE,
            A::CERTIFICATE_UNKNOWN,
            A::CERTIFICATE_REVOKED,
            A::CERTIFICATE_EXPIRED,
            A::UNKNOWN_CA,
            A::ACCESS_DENIED,
        ];
        let hint = match (self.role, first.end) {
            (Role::Server, _) if first.finished && !first.certificate_requested => {
                "It asks for no certificate in the handshake. (Asking afterwards is not tried.)"
            }
            (_, End::Alert(_, A::PROTOCOL_VERSION)) => "It does not speak TLS 1.3.",
            (_, End::Alert(_, alert)) if about_certificates.contains(&alert) => {
                "It did not like the certificate. Does it trust this CA? If it serves certain names only, give one by --dns or \
                 --spiffe, or an identity by --cert and --key."
            }
            (_, End::Closed | End::Reset) if unheard => {
                "It closed before any TLS: is it a proxy without a backend, or does it not speak TLS?"
            }
            (Role::Server, End::Silent) => {
                "If its application answers only when asked in its own protocol, give the question by --ask; if it only needs \
                 longer, give it more by --patience."
            }
            (Role::Server, _) => {
                "If its application answers only when asked in its own protocol, give the question by --ask; if it serves \
                 certain names only, give one by --dns or --spiffe, or an identity by --cert and --key."
            }
            (Role::Client, _) => {
                "If the client waits to be spoken to, give what is said by --ask; its name for us by --name; more time by \
                 --patience."
            }
        };
        cannot(format!(
            "{} The run with a good certificate ended so: {}. {hint}",
            capital(&CannotJudge::NoAnswer.to_string()),
            words::end(first)
        ))
    }

    /// The bad peer did more than be refused.
    fn gone_after(&self, name: &'static str, gone: &Gone) -> NoBaseline {
        let seen = format!("after it {}", gone.seen());
        match gone {
            Gone::Refused(_) => NoBaseline::Found(name, Status::Crash, seen),
            Gone::Silent => NoBaseline::Found(name, Status::Hang, seen),
            Gone::ShutOut(_) | Gone::TimeIsUp => {
                cannot(format!("{} (After the case {name}.)", capital(&gone.shut_out(&self.limits))))
            }
        }
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default() + "."
}
