//! Exported authenticators (RFC 9261), sent as application data. They are recognised by their form, a record of
//! application data with only such messages, and verified with the exported values.

use super::checks;
use super::fields::Walker;
use super::message::{self, Context, Known};
use super::model::{Check, Derived, Input, Level, Space, Text, Value};
use super::schedule::Schedule;
use super::shared::Exported;
use super::transcript::Located;
use crate::Role;
use crate::crypto::Hash;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// The range of each message, if `content` is a request or an authenticator.
fn messages(content: &[u8]) -> Option<(Vec<u8>, Vec<Range<usize>>)> {
    let (mut types, mut ranges, mut at) = (Vec::new(), Vec::new(), 0_usize);
    while at < content.len() && types.len() < 3 {
        let [message_type, high, middle, low] = content.get(at..)?.first_chunk()?;
        let len = usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).ok()?;
        let end = at.checked_add(4)?.checked_add(len).filter(|end| *end <= content.len())?;
        types.push(*message_type);
        ranges.push(at..end);
        at = end;
    }
    let known = matches!(types[..], [13 | 17] | [11, 15, 20] | [20]);
    (known && at == content.len()).then_some((types, ranges))
}

/// Explains the content of a record if it is a request or an authenticator. Returns its name too.
pub(super) fn explain(walker: &mut Walker<'_>, sender: Role, content: &[u8]) -> Option<(Exported, &'static str)> {
    let (types, ranges) = messages(content)?;
    let request = matches!(types[..], [13 | 17]);
    let name = if request { "authenticator_request" } else { "exported_authenticator" };
    let id = walker.field(None, 0..content.len(), name, format!("{} bytes", content.len()));
    let known = Known { sender, complete: true, context: Context::Authenticator };
    for range in &ranges {
        message::explain(walker, range.clone(), Some(id), known);
    }
    Some((Exported { sender, space: walker.space, messages: ranges, request }, name))
}

/// At most this many authenticators of each end are checked, against at most this many requests: in a hostile capture
/// every record can be an authenticator.
const MOST: usize = 64;

/// The checks of all authenticators.
pub(super) fn checks(all: &[Exported], spaces: &[Space], schedule: &mut Schedule<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for role in [Role::Server, Role::Client] {
        let ours = all.iter().filter(|exported| exported.sender == role && !exported.request).take(MOST);
        for (number, exported) in (1_usize..).zip(ours) {
            if number == 1 {
                let name = format!("{role}_authenticator");
                let what = [("handshake_context", "handshake context"), ("finished_key", "finished key")];
                for (suffix, label) in what {
                    schedule.export(&format!("{name}_{suffix}"), &format!("EXPORTER-{role} authenticator {label}"));
                }
            }
            let requests = all.iter().filter(|request| request.request && request.sender != role).take(MOST);
            let requests = requests.filter_map(|request| located(request, spaces).first().copied());
            let requests: Vec<Located<'_>> = requests.collect();
            checks.extend(Answer { role, number, messages: &located(exported, spaces), requests }.checks(schedule));
        }
    }
    checks
}

fn located<'a>(exported: &Exported, spaces: &'a [Space]) -> Vec<Located<'a>> {
    let bytes = spaces.get(exported.space).map_or(&[][..], |space| &space.bytes);
    let each = |range: &Range<usize>| Located {
        space: exported.space,
        start: range.start,
        bytes: bytes.get(range.clone()).unwrap_or_default(),
    };
    exported.messages.iter().map(each).collect()
}

/// An authenticator and the requests that it may answer.
struct Answer<'a> {
    role: Role,
    number: usize,
    messages: &'a [Located<'a>],
    requests: Vec<Located<'a>>,
}

impl Answer<'_> {
    fn checks(&self, schedule: &mut Schedule<'_>) -> Vec<Check> {
        let name = format!("{} authenticator {}", self.role, self.number);
        let (verify_name, finished_name) = (format!("{name} CertificateVerify"), format!("{name} Finished"));
        let key_name = format!("{}_authenticator_finished_key", self.role);
        let before = self.messages.len().saturating_sub(1);
        let mut checks = Vec::new();
        let why = match (schedule.bytes(&key_name), self.request(schedule)) {
            (None, _) => NO_EXPORTER,
            (_, None) => NO_REQUEST,
            (_, Some(request)) => {
                if let [certificate, verify, _] = self.messages
                    && let Some(hash) = self.hash(1, request, schedule)
                {
                    let (context, text) = ("Exported Authenticator", PROVED);
                    checks.push(checks::signature(verify_name, context, text, RFC_VERIFY, hash, *certificate, *verify));
                }
                if let Some((finished, hash)) = self.messages.last().zip(self.hash(before, request, schedule)) {
                    checks.push(checks::mac(finished_name, key_name, BOUND, RFC_FINISHED, hash, *finished, schedule));
                }
                return checks;
            }
        };
        if self.messages.len() > 1 {
            checks.push(checks::unknown(verify_name, checks::VERIFY.into(), PROVED, RFC_VERIFY, why.clone()));
        }
        checks.push(checks::unknown(finished_name, format!("HMAC({key_name}, ?)"), BOUND, RFC_FINISHED, why));
        checks
    }

    /// The request that it answers: the one with the same context, or none if it verifies without one (a server may send
    /// it unasked). An authenticator without a Certificate has no context, so its Finished decides. `None` if unknown.
    fn request(&self, schedule: &Schedule<'_>) -> Option<Option<Located<'_>>> {
        let answered = |request: &&Located<'_>| match self.messages {
            [_] => self.holds(Some(**request), schedule),
            [certificate, ..] => context(request.bytes) == context(certificate.bytes),
            [] => false,
        };
        match self.requests.iter().find(answered) {
            Some(request) => Some(Some(*request)),
            None => self.holds(None, schedule).then_some(None),
        }
    }

    /// Whether the Finished verifies as an answer to this request.
    fn holds(&self, request: Option<Located<'_>>, schedule: &Schedule<'_>) -> bool {
        let before = self.messages.len().saturating_sub(1);
        let expected = || {
            let key = schedule.bytes(&format!("{}_authenticator_finished_key", self.role))?;
            super::keys::hmac(schedule.algorithm(), &key, &self.digest(before, request, schedule)?)
        };
        let received = self.messages.last().and_then(|finished| finished.bytes.get(4..));
        expected().is_some_and(|expected| received == Some(&expected))
    }

    /// Hash(Handshake Context || request || the first messages) (§5.2). An empty authenticator has no messages before its
    /// Finished; a Certificate without entries is hashed instead (§6).
    fn digest(&self, count: usize, request: Option<Located<'_>>, schedule: &Schedule<'_>) -> Option<Hash> {
        let mut hashed = schedule.bytes(&format!("{}_authenticator_handshake_context", self.role))?;
        for message in request.iter().chain(self.messages.iter().take(count)) {
            hashed.extend_from_slice(message.bytes);
        }
        if count == 0 {
            hashed.extend(empty_certificate(request?)?);
        }
        Some(schedule.algorithm().hash(&hashed))
    }

    /// The same, and adds the hash to the study.
    fn hash(&self, count: usize, request: Option<Located<'_>>, schedule: &mut Schedule<'_>) -> Option<(Hash, String)> {
        let hash = self.digest(count, request, schedule)?;
        let context = format!("{}_authenticator_handshake_context", self.role);
        let mut inputs = Vec::from([Input::Named(context.clone())]);
        let mut formula = format!("Hash({context}");
        let names = ["Certificate", "CertificateVerify"];
        let named = request.iter().map(|request| ("request", request));
        for (name, message) in named.chain(names.into_iter().zip(self.messages).take(count)) {
            inputs.push(message.span(name, 0, message.bytes.len()));
            formula.push_str(&format!(" || {name}"));
        }
        if let (0, Some(certificate)) = (count, request.and_then(empty_certificate)) {
            inputs.push(Input::Bytes(EMPTY, certificate));
            formula.push_str(&format!(" || {EMPTY}"));
        }
        formula.push(')');
        let last = match count {
            0 => EMPTY,
            1 => "Certificate",
            _ => "CertificateVerify",
        };
        let derived = Derived {
            name: format!("{} authenticator {}, ...{last}", self.role, self.number),
            formula,
            inputs,
            value: Value::Known(hash.as_ref().to_vec()),
            level: Level::Capture,
            text: Text::new(
                "What an authenticator is bound to: this connection (by the exporter), the request, and what was shown so far.",
                "A qué queda ligado un autenticador: a esta conexión (mediante el exporter), a la petición y a lo mostrado hasta aquí.",
            ),
            rfc: "RFC 9261 §5.2",
        };
        Some((hash, schedule.add_hash(derived)))
    }
}

/// A Certificate without entries, as an answer to this request.
fn empty_certificate(request: Located<'_>) -> Option<Vec<u8>> {
    let context = context(request.bytes)?;
    let [_, len @ ..] = u32::try_from(context.len().saturating_add(4)).ok()?.to_be_bytes();
    Some([&[11], &len[..], &[u8::try_from(context.len()).ok()?], context, &[0; 3]].concat())
}

/// The certificate_request_context of a request or Certificate.
fn context(message: &[u8]) -> Option<&[u8]> {
    let len = usize::from(*message.get(4)?);
    message.get(5..len.checked_add(5)?)
}

const EMPTY: &str = "Certificate without entries";
const RFC_VERIFY: &str = "RFC 9261 §5.2.2";
const RFC_FINISHED: &str = "RFC 9261 §5.2.3";
const NO_EXPORTER: Text = Text::new(
    "needs exporter_secret: the key log has no EXPORTER_SECRET for this connection",
    "necesita exporter_secret: el registro de claves no tiene un EXPORTER_SECRET de esta conexión",
);
const NO_REQUEST: Text =
    Text::new("answers a request that is not in the capture", "responde a una petición que no está en la captura");
const PROVED: Text = Text::new(
    "Its sender holds the private key of this certificate now, after the request and inside of this connection.",
    "Quien lo envía tiene ahora la clave privada de este certificado: después de la petición y dentro de esta conexión.",
);
const BOUND: Text = Text::new(
    "It was made by an end of this connection, for this request, and nobody has changed it.",
    "Lo hizo un extremo de esta conexión, para esta petición, y nadie lo ha cambiado.",
);
