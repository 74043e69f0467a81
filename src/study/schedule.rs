//! The key schedule (RFC 9846 §7.1), from top to bottom: each secret with its formula, its inputs and its value.

use super::conversation::PrivateShares;
use super::key_texts;
use super::keys;
use super::model::{Derived, Field, Input, Level, Text, Value};
use super::shared::Shared;
use super::transcript::Transcript;
use super::words::label;
use crate::Role;
use crate::crypto::{Hash, HashAlgorithm, Suite};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Why a capture does not lead to the upper half of the schedule.
const PRIVATE: Text = Text::new(
    "needs a private key share; a capture and a key log do not hold it",
    "necesita la mitad privada de una clave; ni la captura ni el registro de claves la contienen",
);
const NOT_REACHED: Text = Text::new(
    "the handshake did not come so far, or the messages before it are not readable",
    "el handshake no llegó hasta aquí, o no se pueden leer los mensajes anteriores",
);

pub(super) struct Schedule<'a> {
    suite: Suite,
    transcript: &'a Transcript<'a>,
    shared: &'a Shared<'a>,
    live: Option<&'a PrivateShares>,
    pub hashes: Vec<Derived>,
    pub secrets: Vec<Derived>,
    pub problems: Vec<Text>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(
        suite: Suite,
        transcript: &'a Transcript<'a>,
        shared: &'a Shared<'a>,
        live: Option<&'a PrivateShares>,
    ) -> Schedule<'a> {
        Schedule { suite, transcript, shared, live, hashes: Vec::new(), secrets: Vec::new(), problems: Vec::new() }
    }

    pub(super) const fn algorithm(&self) -> HashAlgorithm {
        self.transcript.algorithm()
    }

    /// Derives all of it. `generations` is the number of application traffic secrets that each end used.
    pub(super) fn derive(&mut self, generations: [(Role, u32); 2]) {
        self.key_exchange();
        let zeros = alloc::vec![0; self.algorithm().output_len()];
        let early = keys::extract(self.algorithm(), &zeros, &zeros);
        let inputs = Vec::from([Input::Bytes("0", zeros.clone())]);
        self.push("early_secret", "HKDF-Extract(0, 0)".into(), inputs, Value::Known(early), Level::Capture);
        self.expand("early_derived_secret", "early_secret", "derived", Context::Nothing, None);
        let handshake = self.extract("early_derived_secret", "shared_secret");
        self.push_extract("handshake_secret", "early_derived_secret", "shared_secret", handshake);
        let server_hello = self.hash_with(Role::Server, "server_hello");
        for role in [Role::Client, Role::Server] {
            self.handshake_traffic(role, server_hello.as_ref());
        }
        self.expand("handshake_derived_secret", "handshake_secret", "derived", Context::Nothing, None);
        let main = self.extract("handshake_derived_secret", "0");
        self.push_extract("main_secret", "handshake_derived_secret", "0", main);
        let finished = self.hash_with(Role::Server, "finished");
        for (role, count) in generations {
            self.application_traffic(role, count, finished.as_ref());
        }
        let from_log = self.logged("EXPORTER_SECRET");
        self.expand("exporter_secret", "main_secret", "exp master", Context::Hash(finished.as_ref()), from_log);
    }

    fn key_exchange(&mut self) {
        let live = self.live;
        let part = |bytes: Option<&[u8]>| match bytes {
            Some(bytes) => Value::Known(bytes.to_vec()),
            None => Value::Missing(PRIVATE),
        };
        let random = || "random".to_string();
        let client = part(live.map(|live| &live.client[..]));
        self.push("client_private_key", random(), Vec::new(), client, Level::Live);
        let server = part(live.map(|live| &live.server[..]));
        self.push("server_private_key", random(), Vec::new(), server, Level::Live);
        let shared = part(live.map(|live| &live.shared_secret[..]));
        let formula = "X25519(client_private_key, server key_share) = X25519(server_private_key, client key_share)";
        let formula = match self.shared.choice.and_then(|choice| choice.group) {
            Some(0x001d) => formula.into(),
            Some(group) => format!(
                "KeyExchange[{}](private key, the other's key_share)",
                super::names::number(u64::from(group), 2, super::grammar::Naming::Group)
            ),
            None => "KeyExchange(private key, the other's key_share)".into(),
        };
        let named = |role: Role| Input::Named(format!("{role}_private_key"));
        let inputs = [Role::Client, Role::Server].into_iter();
        let inputs = inputs.flat_map(|role| core::iter::once(named(role)).chain(self.key_share(role)));
        self.push("shared_secret", formula, inputs.collect(), shared, Level::Live);
    }

    /// The share of an end for the group that the server chose, in the last hello.
    fn key_share(&self, role: Role) -> Option<Input> {
        let hello = self.transcript.last(role, if role == Role::Client { "client_hello" } else { "server_hello" })?;
        let group = self.shared.choice?.group?.to_be_bytes();
        let range = hello.start..hello.start.saturating_add(hello.len);
        let fields = &self.shared.found.fields;
        let mut inside = fields.iter().filter(|field| field.space == hello.space && range.contains(&field.start));
        let bytes = &self.shared.spaces.get(hello.space)?.bytes;
        let is_chosen = |field: &&Field| {
            field.name == "group" && bytes.get(field.start..field.start.saturating_add(field.len)) == Some(&group)
        };
        inside.find(is_chosen)?;
        let Field { space, start, len, .. } = *inside.find(|field| field.name == "key_exchange")?;
        Some(Input::Span { name: format!("{role} key_share"), space, start, len })
    }

    fn handshake_traffic(&mut self, role: Role, server_hello: Option<&(Hash, String)>) {
        let secret = format!("{role}_handshake_traffic_secret");
        let derive = if role == Role::Client { "c hs traffic" } else { "s hs traffic" };
        let from_log = self.logged(label(role, "HANDSHAKE_TRAFFIC_SECRET"));
        self.expand(&secret, "handshake_secret", derive, Context::Hash(server_hello), from_log);
        self.key_and_iv(&format!("{role}_handshake_write"), &secret);
        self.expand_to(&format!("{role}_finished_key"), &secret, "finished", self.algorithm().output_len());
    }

    fn application_traffic(&mut self, role: Role, generations: u32, finished: Option<&(Hash, String)>) {
        let first = format!("{role}_application_traffic_secret_0");
        let derive = if role == Role::Client { "c ap traffic" } else { "s ap traffic" };
        let from_log = self.logged(label(role, "TRAFFIC_SECRET_0"));
        self.expand(&first, "main_secret", derive, Context::Hash(finished), from_log);
        self.key_and_iv(&format!("{role}_application_write"), &first);
        let mut last = first;
        // In a hostile capture every record can be a KeyUpdate. All records are opened, but the list of secrets ends here.
        for generation in 1..generations.min(64) {
            let next = format!("{role}_application_traffic_secret_{generation}");
            self.expand_to(&next, &last, "traffic upd", self.algorithm().output_len());
            self.key_and_iv(&format!("{role}_application_{generation}_write"), &next);
            last = next;
        }
    }

    fn key_and_iv(&mut self, name: &str, secret: &str) {
        self.expand_to(&format!("{name}_key"), secret, "key", self.suite.key_len());
        self.expand_to(&format!("{name}_iv"), secret, "iv", 12);
    }

    /// TLS-Exporter(label, "", Hash.length) (RFC 9846 §7.5), in its two steps.
    pub(super) fn export(&mut self, name: &str, label: &str) {
        let above = format!("{name}_secret");
        self.expand(&above, "exporter_secret", label, Context::Nothing, None);
        let (algorithm, len) = (self.algorithm(), self.algorithm().output_len());
        let nothing = algorithm.hash_of_nothing();
        let value = self
            .bytes(&above)
            .and_then(|secret| keys::expand_label(algorithm, &secret, b"exporter", Some(&nothing), len));
        let value = value.map_or(Value::Missing(needs(&above)), Value::Known);
        let formula = format!("HKDF-Expand-Label({above}, \"exporter\", Hash(\"\"), {len})");
        self.push(name, formula, Vec::from([Input::Named(above)]), value, Level::Capture);
    }

    /// The hash up to and including a message, and its name.
    fn hash_with(&mut self, sender: Role, message: &str) -> Option<(Hash, String)> {
        let message = self.transcript.message(sender, message)?;
        let (hash, derived) = self.transcript.hash(message, true)?;
        Some((hash, self.add_hash(derived)))
    }

    pub(super) fn add_hash(&mut self, derived: Derived) -> String {
        let name = derived.name.clone();
        if !self.hashes.iter().any(|hash| hash.name == name) {
            self.hashes.push(derived);
        }
        name
    }

    fn logged(&self, label: &str) -> Option<Vec<u8>> {
        let secret = self.shared.log.get(label, &self.shared.client_random?)?;
        (secret.len() == self.algorithm().output_len()).then(|| secret.to_vec())
    }

    /// The bytes of a secret; zeros for `0`.
    pub(super) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        if name == "0" {
            return Some(alloc::vec![0; self.algorithm().output_len()]);
        }
        self.secrets.iter().find(|secret| secret.name == name)?.value.bytes().map(<[u8]>::to_vec)
    }

    fn extract(&self, salt: &str, ikm: &str) -> Option<Vec<u8>> {
        Some(keys::extract(self.algorithm(), &self.bytes(salt)?, &self.bytes(ikm)?))
    }

    fn push_extract(&mut self, name: &str, salt: &str, ikm: &str, value: Option<Vec<u8>>) {
        let input = |name: &str| match name {
            "0" => Input::Bytes("0", alloc::vec![0; self.algorithm().output_len()]),
            name => Input::Named(name.into()),
        };
        let inputs = Vec::from([input(salt), input(ikm)]);
        let value = value.map_or(Value::Missing(PRIVATE), Value::Known);
        self.push(name, format!("HKDF-Extract({salt}, {ikm})"), inputs, value, Level::Live);
    }

    /// Derive-Secret(Secret, Label, Messages). If Secret is unknown, the value comes from the key log.
    fn expand(&mut self, name: &str, secret: &str, label: &str, context: Context<'_>, from_log: Option<Vec<u8>>) {
        let nothing = self.algorithm().hash_of_nothing();
        let (hash, messages) = match context {
            Context::Hash(Some((hash, name))) => (Some(hash), name.clone()),
            Context::Hash(None) => (None, "?".into()),
            Context::Nothing => (Some(&nothing), "\"\"".into()),
        };
        let from_above = self.bytes(secret).zip(hash).and_then(|(secret, hash)| {
            keys::expand_label(self.algorithm(), &secret, label.as_bytes(), Some(hash), self.algorithm().output_len())
        });
        let mut inputs = Vec::from([Input::Named(secret.into())]);
        if let Context::Hash(Some((_, name))) = context {
            inputs.push(Input::Named(name.clone()));
        }
        let level = if label == "derived" && secret != "early_secret" { Level::Live } else { Level::Capture };
        if from_log.as_ref().zip(from_above.as_ref()).is_some_and(|(from_log, from_above)| from_log != from_above) {
            self.problems.push(Text::made(
                format!("the key log's {name} is not what the shared secret leads to: one of them is another connection's"),
                format!("el {name} del registro de claves no es el que se obtiene del secreto compartido: uno de ellos es de otra conexión"),
            ));
        }
        let missing = match (&from_above, hash, label) {
            (None, _, "derived") => PRIVATE,
            (_, None, _) => NOT_REACHED,
            _ => not_in_log(name),
        };
        let value = from_log.or(from_above).map_or(Value::Missing(missing), Value::Known);
        self.push(name, format!("Derive-Secret({secret}, \"{label}\", {messages})"), inputs, value, level);
    }

    /// HKDF-Expand-Label(Secret, Label, "", Length)
    fn expand_to(&mut self, name: &str, secret: &str, label: &str, len: usize) {
        let value = self
            .bytes(secret)
            .and_then(|secret| keys::expand_label(self.algorithm(), &secret, label.as_bytes(), None, len));
        let value = value.map_or(Value::Missing(needs(secret)), Value::Known);
        let formula = format!("HKDF-Expand-Label({secret}, \"{label}\", \"\", {len})");
        self.push(name, formula, Vec::from([Input::Named(secret.into())]), value, Level::Capture);
    }

    fn push(&mut self, name: &str, formula: String, inputs: Vec<Input>, value: Value, level: Level) {
        let (text, rfc) = key_texts::of(name);
        self.secrets.push(Derived { name: name.into(), formula, inputs, value, level, text, rfc });
    }
}

/// The argument Context or Messages.
enum Context<'a> {
    /// Messages is "".
    Nothing,
    Hash(Option<&'a (Hash, String)>),
}

/// Why a value that is derived from this secret is missing.
pub(super) fn needs(secret: &str) -> Text {
    Text::made(format!("needs {secret}"), format!("necesita {secret}"))
}

fn not_in_log(name: &str) -> Text {
    Text::made(
        format!("{name} is not in the key log, and what it is made of is not known"),
        format!("{name} no está en el registro de claves, y no se conoce aquello de lo que se obtiene"),
    )
}
