//! The stories that are told.

use crate::attacks;
use crate::end::{Attack, Failure, Line, Party};
use crate::pki::{self, Ca};
use countersign::study::{Conversation, PrivateShares, Text};
use countersign::trace::KeyLogLine;
use countersign::x509::{Expect, Identity, SigningKey, Trust};
use countersign::{CertificateType, NamedGroup, Policy, Role};
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, KeyPair, PublicKeyData, RevokedCertParams, SerialNumber,
    date_time_ymd,
};

/// A story: the name of its files, its title, a sentence about it, and the captured bytes.
pub(crate) struct Story {
    pub(crate) file: &'static str,
    pub(crate) title: Text,
    pub(crate) lead: Text,
    pub(crate) heard: Conversation,
    pub(crate) key_log: String,
}

impl Story {
    fn new(file: &'static str, title: Text, lead: Text, line: Line) -> Story {
        let key_log = line.key_log();
        Story { file, title, lead, heard: line.heard, key_log }
    }
}

/// Two ends that trust the same CA, and expect each other.
struct World {
    ca: Ca,
    client: Party,
    server: Party,
}

const CLIENT: &str = "spiffe://example.org/billing";
const SERVER: &str = "api.internal";

fn world() -> Result<World, Failure> {
    let ca = pki::ca("Example CA")?;
    let party = |identity, expects: &str| -> Result<Party, Failure> {
        let trust = Trust::from_roots("the CA", ca.pem().as_bytes())?;
        Ok(Party { policy: Policy::new(), identity, trust, expects: expects.parse()? })
    };
    let client = party(pki::issue(&ca, "billing", CLIENT, 2100)?, SERVER)?;
    let server = party(pki::issue(&ca, "api", SERVER, 2100)?, "spiffe://example.org")?;
    Ok(World { ca, client, server })
}

impl World {
    fn meet(self) -> Result<Line, Failure> {
        self.meet_under(None)
    }

    fn meet_under(self, attack: Option<Attack>) -> Result<Line, Failure> {
        let mut line = Line::new("billing → api", self.client, self.server, attack)?;
        line.run()?;
        Ok(line)
    }
}

pub(crate) fn all() -> Result<Vec<Story>, Failure> {
    Ok(vec![
        mutual()?,
        hello_retry()?,
        unknown_ca()?,
        expired()?,
        revoked()?,
        server_refused()?,
        key_update()?,
        raw_public_keys()?,
        proving_again()?,
        flipped_bit()?,
        removed_certificate_verify()?,
        #[cfg(feature = "mlkem")]
        post_quantum()?,
        live()?,
        everything_visible()?,
    ])
}

fn mutual() -> Result<Story, Failure> {
    let mut line = world()?.meet()?;
    line.write(Role::Client, "Who am I?")?;
    line.write(Role::Server, "You are spiffe://example.org/billing.")?;
    line.act(Role::Client, |session, tx| session.close(tx))?;
    line.act(Role::Server, |session, tx| session.close(tx))?;
    Ok(Story::new(
        "mutual",
        Text::new("Mutual TLS 1.3, byte by byte", "TLS 1.3 mutuo, byte a byte"),
        Text::new(
            "Two services that have never met prove to each other who they are, and talk.",
            "Dos servicios que no se conocen se demuestran mutuamente quiénes son, y hablan.",
        ),
        line,
    ))
}

fn hello_retry() -> Result<Story, Failure> {
    let mut world = world()?;
    world.server.policy = Policy::new().groups(&[NamedGroup::SECP384R1]);
    let mut line = world.meet()?;
    line.write(Role::Client, "That took one round trip more.")?;
    Ok(Story::new(
        "hello-retry",
        Text::new("HelloRetryRequest: the wrong guess", "HelloRetryRequest: una apuesta fallida"),
        Text::new(
            "The client's key share is for a group that the server does not take. It asks once for another.",
            "El cliente ofrece una clave de un grupo que el servidor no acepta. El servidor pide otra, una sola vez.",
        ),
        line,
    ))
}

fn unknown_ca() -> Result<Story, Failure> {
    let mut world = world()?;
    world.client.identity = pki::issue(&pki::ca("Another CA")?, "billing", CLIENT, 2100)?;
    Ok(Story::new(
        "client-unknown-ca",
        Text::new("A client refused: unknown CA", "Un cliente rechazado: CA desconocida"),
        Text::new(
            "The client's certificate is by a CA that the server does not trust. The client has finished before it hears of it.",
            "El certificado del cliente es de una CA en la que el servidor no confía. El cliente termina antes de saberlo.",
        ),
        world.meet()?,
    ))
}

fn expired() -> Result<Story, Failure> {
    let mut world = world()?;
    world.client.identity = pki::issue(&world.ca, "billing", CLIENT, 2025)?;
    Ok(Story::new(
        "client-expired",
        Text::new("A client refused: expired", "Un cliente rechazado: certificado caducado"),
        Text::new(
            "The client's certificate ended last year. Signature and Finished hold; the certificate does not.",
            "El certificado del cliente caducó el año pasado. La firma y el Finished son correctos; el certificado ya no vale.",
        ),
        world.meet()?,
    ))
}

fn revoked() -> Result<Story, Failure> {
    let mut world = world()?;
    let leaf = world.client.identity.chain().first().ok_or("an empty chain")?;
    let serial = countersign::x509::PeerIdentity::read(leaf)?.serial;
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(2099, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from_slice(&hex::decode(serial)?),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let crl = params.signed_by(&world.ca)?;
    let builder = Trust::builder().roots("the CA", world.ca.pem().as_bytes()).crls("crl", crl.der());
    world.server.trust = builder.check_revocation_of_leaf_only().build()?;
    Ok(Story::new(
        "client-revoked",
        Text::new("A client refused: revoked", "Un cliente rechazado: certificado revocado"),
        Text::new(
            "The CA has put the client's serial number on its revocation list.",
            "La CA ha puesto el número de serie del cliente en su lista de revocación.",
        ),
        world.meet()?,
    ))
}

fn server_refused() -> Result<Story, Failure> {
    let mut world = world()?;
    world.server.identity = pki::issue(&world.ca, "db", "db.internal", 2100)?;
    Ok(Story::new(
        "server-refused",
        Text::new("A server refused: another name", "Un servidor rechazado: otro nombre"),
        Text::new(
            "The client calls api and reaches db. It says so and goes, without having shown its own certificate.",
            "El cliente llama a api y responde db. Lo dice y se va, sin haber mostrado su propio certificado.",
        ),
        world.meet()?,
    ))
}

fn key_update() -> Result<Story, Failure> {
    let mut line = world()?.meet()?;
    line.write(Role::Client, "Before.")?;
    line.act(Role::Client, |session, tx| session.confirm(tx))?;
    line.act(Role::Server, |session, tx| session.answer_key_update(tx))?;
    line.write(Role::Client, "Under new keys.")?;
    line.write(Role::Server, "Here, too.")?;
    Ok(Story::new(
        "key-update",
        Text::new("KeyUpdate: new keys while talking", "KeyUpdate: claves nuevas sobre la marcha"),
        Text::new(
            "Each end makes the next generation of its key from the last one; the old one is thrown away.",
            "Cada extremo fabrica la siguiente generación de su clave a partir de la anterior, que se desecha.",
        ),
        line,
    ))
}

fn raw_public_keys() -> Result<Story, Failure> {
    let mut world = world()?;
    let raw = [CertificateType::RAW_PUBLIC_KEY];
    for party in [&mut world.client, &mut world.server] {
        party.policy = Policy::new().certificate_types(&raw, &raw);
        party.trust = Trust::raw_keys_only();
    }
    let mut keys = Vec::new();
    for _ in 0..2 {
        let key = KeyPair::generate()?;
        keys.push((
            Identity::raw_public_key(SigningKey::from_der(&key.serialize_der())?),
            key.subject_public_key_info(),
        ));
    }
    let [(client, client_key), (server, server_key)] = <[_; 2]>::try_from(keys).map_err(|_| "two keys")?;
    (world.client.identity, world.client.expects) = (client, Expect::public_key(&server_key));
    (world.server.identity, world.server.expects) = (server, Expect::public_key(&client_key));
    let mut line = world.meet()?;
    line.write(Role::Client, "No CA was needed.")?;
    Ok(Story::new(
        "raw-public-keys",
        Text::new("Raw public keys: without certificates", "Claves públicas sin certificado"),
        Text::new(
            "Both ends know the other's key beforehand (RFC 7250). What a certificate says is missing; the proof is the same.",
            "Cada extremo conoce de antemano la clave del otro (RFC 7250). Falta lo que dice un certificado; la prueba es la misma.",
        ),
        line,
    ))
}

fn flipped_bit() -> Result<Story, Failure> {
    Ok(Story::new(
        "flipped-bit",
        Text::new("An attack that fails: one bit", "Un ataque que fracasa: un solo bit"),
        Text::new(
            "Somebody on the path changes one bit of the ServerHello. It is not encrypted, but both ends hash it: their keys differ, and nothing opens.",
            "Alguien en el camino cambia un bit del ServerHello. No va cifrado, pero ambos extremos lo incluyen en el hash: sus claves difieren y nada se abre.",
        ),
        world()?.meet_under(Some(attacks::flip_a_bit))?,
    ))
}

fn removed_certificate_verify() -> Result<Story, Failure> {
    Ok(Story::new(
        "removed-certificate-verify",
        Text::new("An attack that fails: a copied certificate", "Un ataque que fracasa: un certificado copiado"),
        Text::new(
            "A thief has copied billing's certificate, but not its key. It cannot make the CertificateVerify, so it leaves it out; its Finished fits. The server does not accept it.",
            "Un ladrón ha copiado el certificado de billing, pero no su clave. No puede hacer el CertificateVerify y lo omite; su Finished encaja. El servidor no lo acepta.",
        ),
        world()?.meet_under(Some(attacks::remove_certificate_verify))?,
    ))
}

fn proving_again() -> Result<Story, Failure> {
    let world = world()?;
    let (client, server) =
        (pki::issue(&world.ca, "billing", CLIENT, 2100)?, pki::issue(&world.ca, "api", SERVER, 2100)?);
    let mut line = world.meet()?;
    line.write(Role::Client, "Good morning.")?;
    line.prove_again(Role::Server, client)?;
    line.prove_again(Role::Client, server)?;
    line.write(Role::Client, "Good evening.")?;
    Ok(Story::new(
        "proving-again",
        Text::new("Proving again, inside of a long connection", "Demostrarlo de nuevo, en una conexión larga"),
        Text::new(
            "Certificates live for hours, connections for days. Each end asks the other to prove with its new certificate who it is now (RFC 9261), without a new handshake.",
            "Los certificados viven horas; las conexiones, días. Cada extremo pide al otro que demuestre quién es ahora, con su certificado nuevo (RFC 9261) y sin otro handshake.",
        ),
        line,
    ))
}

#[cfg(feature = "mlkem")]
fn post_quantum() -> Result<Story, Failure> {
    let mut world = world()?;
    let group = [NamedGroup::X25519MLKEM768];
    for party in [&mut world.client, &mut world.server] {
        party.policy = Policy::new().groups(&group).key_shares(&group);
    }
    let mut line = world.meet()?;
    line.write(Role::Client, "Keep this for forty years.")?;
    Ok(Story::new(
        "post-quantum",
        Text::new("Post-quantum: X25519MLKEM768", "Poscuántico: X25519MLKEM768"),
        Text::new(
            "The shared secret is made of two: one of x25519, one of ML-KEM. Whoever records today and breaks one of them later still has nothing.",
            "El secreto compartido se hace con dos: uno de x25519 y otro de ML-KEM. Quien grabe hoy y rompa uno de ellos mañana, seguirá sin nada.",
        ),
        line,
    ))
}

/// Our own machine, with a key exchange whose private keys are published. So the study needs no key log.
fn live() -> Result<Story, Failure> {
    let mut world = world()?;
    for party in [&mut world.client, &mut world.server] {
        party.policy = Policy::new().published_key_exchange();
    }
    let mut line = world.meet()?;
    line.write(Role::Client, "Everybody can read this.")?;
    line.act(Role::Client, |session, tx| session.confirm(tx))?;
    line.write(Role::Server, "And this, under the next keys.")?;
    line.heard.live = Some(PrivateShares::published());
    Ok(Story::new(
        "live",
        Text::new("A live run: every secret visible", "Una ejecución en vivo: todos los secretos a la vista"),
        Text::new(
            "Our own machine, with the published keys of RFC 7748 in place of random ones: each step from the private keys down to the last record can be computed again.",
            "Nuestra propia máquina, con las claves publicadas en el RFC 7748 en lugar de claves al azar: cada paso, desde las claves privadas hasta el último registro, se puede volver a calcular.",
        ),
        line,
    ))
}

/// The trace of RFC 8448 §6. Its private keys are published, so the whole key schedule can be shown.
fn everything_visible() -> Result<Story, Failure> {
    let trace = Trace::parse(include_str!("../../vectors/rfc8448/section_6_client_authentication.txt"))?;
    let mut heard = Conversation::new("RFC 8448 §6");
    for (from, record) in [
        (Role::Client, "client_plaintext_record_0"),
        (Role::Server, "server_plaintext_record_0"),
        (Role::Server, "server_handshake_record_0"),
        (Role::Client, "client_handshake_record_0"),
        (Role::Client, "client_application_record_0"),
        (Role::Server, "server_application_record_0"),
    ] {
        heard.add(from, &trace.value(record)?);
    }
    heard.live = Some(PrivateShares {
        client: trace.value("client_private_key")?,
        server: trace.value("server_private_key")?,
        shared_secret: trace.value("shared_secret")?,
    });
    let client_random = trace.value("client_hello")?[6..38].try_into()?;
    let mut key_log = String::new();
    for (label, name) in [
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic_secret"),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic_secret"),
        ("CLIENT_TRAFFIC_SECRET_0", "client_application_traffic_secret_0"),
        ("SERVER_TRAFFIC_SECRET_0", "server_application_traffic_secret_0"),
        ("EXPORTER_SECRET", "exporter_secret"),
    ] {
        let line = KeyLogLine { label, client_random: &client_random, secret: &trace.value(name)? };
        key_log.push_str(&format!("{line}\n"));
    }
    Ok(Story {
        file: "everything-visible",
        title: Text::new("Everything visible: the trace of RFC 8448", "Todo a la vista: la traza del RFC 8448"),
        lead: Text::new(
            "A published connection with client authentication, private keys included: the key schedule from the shared point down to each key.",
            "Una conexión publicada, con autenticación del cliente y con las claves privadas: el árbol de claves completo, desde el punto compartido hasta cada clave.",
        ),
        heard,
        key_log,
    })
}

/// The values of a published trace: `name = hex`. Indented lines continue a value.
struct Trace(Vec<(String, String)>);

impl Trace {
    fn parse(text: &str) -> Result<Trace, Failure> {
        let mut values: Vec<(String, String)> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.split_once(" =") {
                Some((name, value)) => values.push((name.into(), value.trim().into())),
                None => values.last_mut().ok_or("a trace begins with a name")?.1.push_str(line.trim()),
            }
        }
        Ok(Trace(values))
    }

    fn value(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let found = self.0.iter().find(|(known, _)| known == name);
        Ok(hex::decode(&found.ok_or_else(|| format!("the trace has no {name}"))?.1)?)
    }
}
