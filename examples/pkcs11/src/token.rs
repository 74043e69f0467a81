//! A PKCS#11 token: keys are generated in it, sign in it, and never leave it.

use countersign::{EcdsaSigValue, SignQuestion, SignatureScheme};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use std::error::Error;
use yasna::models::ObjectIdentifier;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The kinds of keys that can be generated.
#[derive(Clone, Copy)]
pub enum Kind {
    P256,
    Rsa2048,
}

/// A token after login. A session is for one thread: a server with several threads needs one for each.
pub struct Token {
    session: Session,
}

/// A private key in the token.
#[derive(Clone, Copy)]
pub struct Key(ObjectHandle);

/// The object identifier 1.2.840.10045.3.1.7 (secp256r1) in DER, for CKA_EC_PARAMS.
const SECP256R1: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

impl Token {
    /// Opens the token with this label. `module` is the shared library of its manufacturer.
    pub fn open(module: &str, label: &str, pin: &str) -> Outcome<Token> {
        let pkcs11 = Pkcs11::new(module)?;
        pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
        for slot in pkcs11.get_slots_with_initialized_token()? {
            if pkcs11.get_token_info(slot)?.label() == label {
                let session = pkcs11.open_rw_session(slot)?;
                session.login(UserType::User, Some(&AuthPin::new(pin.into())))?;
                return Ok(Token { session });
            }
        }
        Err(format!("{module} has no token with the label '{label}'").into())
    }

    /// Generates a key pair with this label. Returns the public key as a SubjectPublicKeyInfo, for the CA.
    pub fn generate(&self, label: &str, kind: Kind) -> Outcome<Vec<u8>> {
        if self.find(ObjectClass::PRIVATE_KEY, label)?.is_some() {
            return Err(format!("the token has a key '{label}' already").into());
        }
        let name = Attribute::Label(label.as_bytes().to_vec());
        let (mechanism, parameters) = match kind {
            Kind::P256 => (Mechanism::EccKeyPairGen, vec![Attribute::EcParams(SECP256R1.to_vec())]),
            Kind::Rsa2048 => (
                Mechanism::RsaPkcsKeyPairGen,
                vec![Attribute::ModulusBits(2048.into()), Attribute::PublicExponent(vec![1, 0, 1])],
            ),
        };
        let mut public = vec![Attribute::Token(true), Attribute::Verify(true), name.clone()];
        public.extend(parameters);
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            name,
        ];
        let (public, private) = self.session.generate_key_pair(&mechanism, &public, &private)?;
        self.must_stay(Key(private), label)?;
        self.spki(public)
    }

    /// Checks that the key was never extractable, as the token reports. Other keys are refused.
    fn must_stay(&self, key: Key, label: &str) -> Outcome<()> {
        let asked = [AttributeType::AlwaysSensitive, AttributeType::NeverExtractable];
        let stays = self.session.get_attributes(key.0, &asked)?;
        if stays == [Attribute::AlwaysSensitive(true), Attribute::NeverExtractable(true)] {
            return Ok(());
        }
        Err(format!("the key '{label}' was not made in the token, or can leave it").into())
    }

    fn find(&self, class: ObjectClass, label: &str) -> Outcome<Option<ObjectHandle>> {
        let wanted = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
        match self.session.find_objects(&wanted)?[..] {
            [] => Ok(None),
            [object] => Ok(Some(object)),
            _ => Err(format!("the token has more than one {class} '{label}'").into()),
        }
    }

    /// The private key with this label.
    pub fn key(&self, label: &str) -> Outcome<Key> {
        let found = self.find(ObjectClass::PRIVATE_KEY, label)?;
        let key = Key(found.ok_or_else(|| format!("the token has no key '{label}'"))?);
        self.must_stay(key, label)?;
        Ok(key)
    }

    /// The public key with this label as a SubjectPublicKeyInfo, if the token has it.
    pub fn public_key(&self, label: &str) -> Outcome<Option<Vec<u8>>> {
        self.find(ObjectClass::PUBLIC_KEY, label)?.map(|public| self.spki(public)).transpose()
    }

    /// The answer to `Want::Sign`. The token gets only the digest.
    pub fn sign(&self, key: Key, question: &SignQuestion) -> Outcome<Vec<u8>> {
        let digest = question.digest().ok_or_else(|| format!("no digest for {}", question.scheme()))?;
        let sign = |mechanism| self.session.sign(&mechanism, key.0, digest.as_ref());
        // RFC 9846 §4.3.3: MGF1 has the same hash, and the salt has the digest's length.
        let pss = |hash_alg, mgf| -> Outcome<Mechanism<'static>> {
            let s_len = digest.as_ref().len().try_into()?;
            Ok(Mechanism::RsaPkcsPss(PkcsPssParams { hash_alg, mgf, s_len }))
        };
        Ok(match question.scheme() {
            // PKCS#11 returns r ‖ s. TLS requires DER.
            SignatureScheme::ECDSA_SECP256R1_SHA256 | SignatureScheme::ECDSA_SECP384R1_SHA384 => {
                let r_s = sign(Mechanism::Ecdsa)?;
                let value = EcdsaSigValue::from_r_s(&r_s);
                value.ok_or_else(|| format!("a signature of {} bytes is none of ECDSA", r_s.len()))?.as_ref().to_vec()
            }
            SignatureScheme::RSA_PSS_RSAE_SHA256 => sign(pss(MechanismType::SHA256, PkcsMgfType::MGF1_SHA256)?)?,
            SignatureScheme::RSA_PSS_RSAE_SHA384 => sign(pss(MechanismType::SHA384, PkcsMgfType::MGF1_SHA384)?)?,
            SignatureScheme::RSA_PSS_RSAE_SHA512 => sign(pss(MechanismType::SHA512, PkcsMgfType::MGF1_SHA512)?)?,
            other => return Err(format!("{other} is not done here").into()),
        })
    }

    fn spki(&self, public: ObjectHandle) -> Outcome<Vec<u8>> {
        match self.session.get_attributes(public, &[AttributeType::KeyType])?[..] {
            [Attribute::KeyType(KeyType::EC)] => self.ec_public_key(public),
            [Attribute::KeyType(KeyType::RSA)] => self.rsa_public_key(public),
            _ => Err("a public key that is neither EC nor RSA".into()),
        }
    }

    /// RFC 5480 §2. CKA_EC_POINT is an OCTET STRING with the point.
    fn ec_public_key(&self, key: ObjectHandle) -> Outcome<Vec<u8>> {
        let attributes = self.session.get_attributes(key, &[AttributeType::EcParams, AttributeType::EcPoint])?;
        let [Attribute::EcParams(curve), Attribute::EcPoint(point)] = &attributes[..] else {
            return Err("the token does not show the public key".into());
        };
        let point = yasna::parse_der(point, |reader| reader.read_bytes())?;
        Ok(spki(&[1, 2, 840, 10045, 2, 1], |w| w.write_der(curve), &point))
    }

    /// RFC 3279 §2.3.1.
    fn rsa_public_key(&self, key: ObjectHandle) -> Outcome<Vec<u8>> {
        let attributes = self.session.get_attributes(key, &[AttributeType::Modulus, AttributeType::PublicExponent])?;
        let [Attribute::Modulus(modulus), Attribute::PublicExponent(exponent)] = &attributes[..] else {
            return Err("the token does not show the public key".into());
        };
        let key = yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_bigint_bytes(modulus, true);
                w.next().write_bigint_bytes(exponent, true);
            });
        });
        Ok(spki(&[1, 2, 840, 113549, 1, 1, 1], |w| w.write_null(), &key))
    }
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)
fn spki(algorithm: &[u64], parameters: impl FnOnce(yasna::DERWriter<'_>), key: &[u8]) -> Vec<u8> {
    yasna::construct_der(|w| {
        w.write_sequence(|w| {
            w.next().write_sequence(|w| {
                w.next().write_oid(&ObjectIdentifier::from_slice(algorithm));
                parameters(w.next());
            });
            w.next().write_bitvec_bytes(key, key.len() * 8);
        });
    })
}
