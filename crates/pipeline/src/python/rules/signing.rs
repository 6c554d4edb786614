//! Keys that sign or encrypt and stand in the code, told by what they are given to.

use super::secret;
use crate::placeholder::is_placeholder;
use crate::python::call::{Argument, Call};
use crate::python::module::Module;
use crate::python::value::{HOLE, Known, Value};
use bartizan_core::{Confidence, Severity};

/// Judges one call.
///
/// Sources: PyJWT and python-jose, `encode` and `decode`; `cryptography.fernet.Fernet`; itsdangerous, `Signer` and the serializers; Python,
/// `hmac.new` and `hmac.digest`; Flask and Starlette, the key of a session.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let Some(key) = key(call) else { return };
    let mut known = key.value.known.clone();
    if let Known::Either(each) = &known {
        // One of several that stands in the code is the key whenever the others are not there.
        let Some(text) = each.iter().find(|one| text(one).is_some()) else { return };
        known = text.known.clone();
    }
    let value = Value { known, ..key.value.clone() };
    let Some(written) = text(&value) else { return };
    // A sentence is a key as good as another.
    let severity =
        if !written.contains(' ') && is_placeholder(written) { Severity::Low } else { Severity::Medium };
    secret::report((severity, Confidence::High), &key.span, written, module);
}

/// What a call signs, verifies or encrypts with.
fn key<'c, 'a>(call: &'c Call<'a>) -> Option<&'c Argument<'a>> {
    let name = call.name();
    let is_token = (call.is_of("jwt") || call.is_of("jose")) && !call.is_of("jwcrypto");
    match name {
        "encode" | "decode" if is_token => call.argument(1, "key"),
        "Fernet" if call.is_of("cryptography") => call.argument(0, "key"),
        "URLSafeSerializer" | "URLSafeTimedSerializer" | "TimestampSigner" | "Signer" | "Serializer"
            if call.is_of("itsdangerous") =>
        {
            call.argument(0, "secret_key")
        }
        "new" | "digest" if call.is_of("hmac") => call.argument(0, "key"),
        _ => None,
    }
}

/// A key as it is written: no public one, and none that is put together or comes from elsewhere.
fn text(value: &Value) -> Option<&str> {
    let Known::Text(text) = &value.known else { return None };
    let is_open = ["-----BEGIN PUBLIC", "-----BEGIN CERT", "-----BEGIN RSA PUBLIC", "ssh-"];
    (value.taint.is_none()
        && !text.is_empty()
        && !text.contains(HOLE)
        && !is_open.iter().any(|begin| text.trim_start().starts_with(begin)))
    .then_some(&**text)
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn keys_that_stand_in_the_code_are_found_where_they_are_used() {
        let graded = |code: &str| {
            severities(
                &format!(
                    "import jwt, os, hmac\nfrom jose import jwt as jose_jwt\nfrom cryptography.fernet import Fernet\n\
                     from itsdangerous import URLSafeSerializer\n{code}"
                ),
                "pipeline/secret",
            )
        };
        for code in [
            "jwt.encode(claims, 'over the hills and far', algorithm='HS256')",
            "KEY = 'orchard-of-plums'\njwt.decode(t, KEY, algorithms=['HS256'])",
            "jose_jwt.encode(claims, key='orchard-of-plums')",
            "s = URLSafeSerializer('orchard-of-plums')",
            "hmac.new(b'orchard', body, 'sha256')",
            "Fernet(b'b3JjaGFyZC1vZi1wbHVtcy1hbmQtcGVhcnMtMTIzNDU=')",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        assert_eq!(graded("jwt.encode(claims, 'your-secret-key')"), [Low]);
        for code in [
            "jwt.encode(claims, os.environ['KEY'])",
            "jwt.decode(t, '-----BEGIN PUBLIC KEY-----\\nMIIB', algorithms=['RS256'])",
            "jwt.decode(t, options={'verify_signature': False})",
            "Fernet(Fernet.generate_key())",
            "hmac.new(key, b'orchard', 'sha256')",
            "json.encode(claims, 'orchard')",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn keys_of_sessions_are_known_by_their_name() {
        let graded = |code: &str| severities(code, "pipeline/secret");
        for code in [
            "app.secret_key = 'orchard-of-plums'",
            "app.config['SECRET_KEY'] = 'orchard-of-plums'",
            "JWT_SECRET = 'orchard-of-plums'",
            "app.add_middleware(SessionMiddleware, secret_key='orchard-of-plums')",
            "import os\nSECRET_KEY = os.environ.get('SECRET_KEY', 'orchard-of-plums')",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for code in [
            "SECRET_KEY = os.environ['SECRET_KEY']",
            "SECRET_KEY = '<change-me>'",
            "SECRET_KEY = ''",
            "JWT_SECRET = 'projects/p/secrets/jwt/versions/1'",
            "secret_key_name = 'orchard-of-plums'",
            "SIGNING_KEY_PATH = 'orchard-of-plums'",
            "Form(secret_key='Secret key')",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }
}
