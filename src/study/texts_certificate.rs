//! Explanations of the fields of certificates.

/// Name, English, Spanish, section.
pub(super) type Entry = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
pub(super) const CERTIFICATE: &[Entry] = &[
    ("tbsCertificate", "What the CA signs: who, which key, until when, for what.", "Lo que firma la CA: quién, qué clave, hasta cuándo, para qué.", "RFC 5280 §4.1.1.1"),
    ("tag and length", "DER: what kind of element this is, and how long its content.", "DER: qué tipo de elemento es y cuánto mide su contenido.", "X.690 §8.1"),
    ("version", "The version of the certificate's format.", "La versión del formato del certificado.", "RFC 5280 §4.1.2.1"),
    ("version_number", "2 stands for version 3.", "El 2 significa versión 3.", "RFC 5280 §4.1.2.1"),
    ("serialNumber", "The number that the CA gave it: revocation lists name it by this.", "El número que le dio la CA: así la nombran las listas de revocación.", "RFC 5280 §4.1.2.2"),
    ("signature_in_tbs", "How it is signed; said again inside, so that nobody can change it.", "Cómo está firmado; se repite dentro para que nadie pueda cambiarlo.", "RFC 5280 §4.1.2.3"),
    ("parameters", "What else the algorithm needs: for an elliptic curve, which one.", "Lo que el algoritmo necesita además: en una curva elíptica, cuál.", "RFC 5280 §4.1.1.2"),
    ("issuer", "Who vouches: the CA.", "Quién responde por él: la CA.", "RFC 5280 §4.1.2.4"),
    ("validity", "From when to when.", "Desde cuándo y hasta cuándo.", "RFC 5280 §4.1.2.5"),
    ("notBefore", "The first second of its validity.", "El primer segundo de su validez.", "RFC 5280 §4.1.2.5"),
    ("notAfter", "The last second of its validity.", "El último segundo de su validez.", "RFC 5280 §4.1.2.5"),
    ("subject", "Whose certificate it is. The names that count stand in subjectAltName.", "De quién es el certificado. Los nombres que cuentan están en subjectAltName.", "RFC 5280 §4.1.2.6"),
    ("subjectPublicKeyInfo", "The public key that goes with the name. Who holds its private half can sign as this subject.", "La clave pública que va con el nombre. Quien tiene la mitad privada puede firmar como este titular.", "RFC 5280 §4.1.2.7"),
    ("spki_algorithm", "What kind of key it is.", "Qué tipo de clave es.", "RFC 5280 §4.1.2.7"),
    ("subjectPublicKey", "The key itself.", "La clave misma.", "RFC 5280 §4.1.2.7"),
    ("issuerUniqueID", "Obsolete.", "Obsoleto.", "RFC 5280 §4.1.2.8"),
    ("subjectUniqueID", "Obsolete.", "Obsoleto.", "RFC 5280 §4.1.2.8"),
    ("certificate_extensions", "What else is said: the names, what the key may be used for.", "Lo demás: los nombres, para qué puede usarse la clave.", "RFC 5280 §4.1.2.9"),
    ("extensions_sequence", "The list of extensions.", "La lista de extensiones.", "RFC 5280 §4.1.2.9"),
    ("certificate_extension", "One statement: an identifier, whether it must be understood, a value.", "Una declaración: un identificador, si es obligatorio entenderla, un valor.", "RFC 5280 §4.2"),
    ("extnID", "Which extension this is.", "Qué extensión es.", "RFC 5280 §4.2"),
    ("critical", "Who does not understand it must refuse the certificate.", "Quien no la entienda debe rechazar el certificado.", "RFC 5280 §4.2"),
    ("extnValue", "The value, in DER again.", "El valor, de nuevo en DER.", "RFC 5280 §4.2"),
    ("signatureAlgorithm", "How the CA has signed.", "Cómo ha firmado la CA.", "RFC 5280 §4.1.1.2"),
    ("signatureValue", "The CA's signature over tbsCertificate. Whether the CA is one to trust, each end decides for itself.", "La firma de la CA sobre tbsCertificate. Cada extremo decide por sí mismo si confía en esa CA.", "RFC 5280 §4.1.1.3"),
];
