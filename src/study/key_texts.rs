//! Explains each secret and key.

use super::model::Text;

/// The explanation and the section for the name of a secret.
pub(super) fn of(name: &str) -> (Text, &'static str) {
    let (en, es, rfc) = match name {
        "client_private_key" | "server_private_key" => (
            "A random number that should never leave its owner. The key share is its public half.",
            "Un número aleatorio que nunca debería salir de su dueño. El key share es su mitad pública.",
            "RFC 9846 §7.4",
        ),
        "shared_secret" => (
            "What both ends compute, each from its own private key and the other's share. A listener, who has only the shares, cannot.",
            "Lo que calculan ambos extremos, cada uno con su clave privada y el key share del otro. Quien solo escucha no puede.",
            "RFC 9846 §7.4",
        ),
        "early_secret" => (
            "The top of the key schedule. Without a pre-shared key it is the same constant in every connection.",
            "La cima del árbol de claves. Sin clave precompartida es la misma constante en todas las conexiones.",
            "RFC 9846 §7.1",
        ),
        "early_derived_secret" | "handshake_derived_secret" => (
            "A step between two stages, so that nothing above can be computed from what is below.",
            "Un paso entre dos etapas, para que lo de abajo no permita calcular lo de arriba.",
            "RFC 9846 §7.1",
        ),
        "handshake_secret" => ("The shared secret goes in here.", "Aquí entra el secreto compartido.", "RFC 9846 §7.1"),
        "main_secret" => (
            "The root of all keys for application data.",
            "La raíz de todas las claves para los datos de la aplicación.",
            "RFC 9846 §7.1",
        ),
        "exporter_secret" => (
            "For the application: other keys and channel bindings are made from it.",
            "Para la aplicación: de él se obtienen otras claves y vínculos con el canal.",
            "RFC 9846 §7.5",
        ),
        _ if name.ends_with("_authenticator_handshake_context") => (
            "Binds what this end proves again to this connection: a stolen authenticator is worth nothing in another one.",
            "Liga a esta conexión lo que este extremo vuelve a demostrar: un autenticador robado no vale en otra.",
            "RFC 9261 §5.1",
        ),
        _ if name.ends_with("_authenticator_finished_key") => (
            "The key of the HMAC in this end's authenticators.",
            "La clave del HMAC de los autenticadores de este extremo.",
            "RFC 9261 §5.1",
        ),
        _ if name.contains("_authenticator_") => (
            "The exporter's first step: one secret for each purpose.",
            "El primer paso del exporter: un secreto para cada fin.",
            "RFC 9846 §7.5",
        ),
        _ if name.contains("handshake_traffic_secret") => (
            "Protects this end's part of the handshake: certificates are not shown to listeners.",
            "Protege la parte del handshake de este extremo: quien escucha no ve los certificados.",
            "RFC 9846 §7.1",
        ),
        _ if name.contains("application_traffic_secret") => (
            "Protects this end's application data. After a KeyUpdate the next generation is made from it.",
            "Protege los datos de aplicación de este extremo. Tras un KeyUpdate, de él sale la generación siguiente.",
            "RFC 9846 §7.2",
        ),
        _ if name.ends_with("write_key") => (
            "The AEAD key that seals this end's records.",
            "La clave AEAD que sella los registros de este extremo.",
            "RFC 9846 §7.3",
        ),
        _ if name.ends_with("write_iv") => (
            "XORed with the record's number it gives the nonce, which is never used twice.",
            "Combinado por XOR con el número del registro da el nonce, que nunca se repite.",
            "RFC 9846 §7.3",
        ),
        _ if name.ends_with("finished_key") => (
            "The key of the HMAC in this end's Finished.",
            "La clave del HMAC del Finished de este extremo.",
            "RFC 9846 §4.5.3",
        ),
        _ => ("", "", ""),
    };
    (Text::new(en, es), rfc)
}
