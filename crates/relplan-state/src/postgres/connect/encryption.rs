//! How a connection is encrypted and what its server must prove, by the words of PostgreSQL's own clients.
//!
//! ```text
//! sslmode      encrypted     the certificate
//! disable      never         -
//! prefer       if offered    is not looked at      on this machine; elsewhere the same as `require`
//! require      always        is not looked at      with `sslrootcert`: the same as `verify-ca`
//! verify-ca    always        is of an authority of `sslrootcert`
//! verify-full  always        is of such an authority, and of the host's name
//! ```
//!
//! Without `sslrootcert`, the authorities are the system's, which sign for everybody: then the name is always looked at.
//! Without `sslmode`, it is `prefer` on this machine and `verify-full` elsewhere, where others fall back on `prefer`.

use std::{fmt, io, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{ConnectError, settings::Settings};

/// The most that is read of a file with certificates, in bytes.
const MAX_CERTIFICATES: u64 = 4 << 20;

/// The word for the system's authorities, in the place of a file of them.
const SYSTEM: &str = "system";

/// What is asked of a server before it gets a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encryption {
    /// Whether there is encryption at all.
    pub(super) mode: SslMode,
    /// What the certificate must prove.
    proof: Proof,
}

/// What a certificate must prove.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Proof {
    /// Nothing: what is sent is hidden from who listens, and not from who is in between.
    Nothing,
    /// It is of an authority in this file.
    Authority(String),
    /// It is of an authority in this file, and of the host's name.
    Name(String),
    /// It is of an authority of the system's, and of the host's name.
    System,
}

impl Encryption {
    /// What the settings come to, for a server on this machine or another.
    ///
    /// # Errors
    /// When a word is none, or two of them contradict each other.
    pub(super) fn new(settings: Settings, is_local: bool) -> Result<Self, ConnectError> {
        let Settings { mode, root } = settings;
        let is_system = root.as_deref() == Some(SYSTEM);
        let file = root.filter(|_| !is_system);
        let default = match (is_system, is_local) {
            (false, true) => "prefer",
            (true, _) | (false, false) => "verify-full",
        };
        let word = mode.as_deref().unwrap_or(default);
        let loose = |file: Option<String>| file.map_or(Proof::Nothing, Proof::Authority);
        let (mode, proof) = match word {
            "disable" => (SslMode::Disable, Proof::Nothing),
            "prefer" if is_local => (SslMode::Prefer, loose(file)),
            "prefer" | "require" => (SslMode::Require, loose(file)),
            "verify-ca" => (
                SslMode::Require,
                file.map_or(Proof::System, Proof::Authority),
            ),
            "verify-full" => (SslMode::Require, file.map_or(Proof::System, Proof::Name)),
            _ => return Err(ConnectError::Mode),
        };
        if is_system && word != "verify-full" {
            return Err(ConnectError::System);
        }
        Ok(Self { mode, proof })
    }

    /// What connects by it. The file of authorities is read here.
    pub(super) fn connector(&self) -> io::Result<MakeRustlsConnect> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let verifier: Arc<dyn ServerCertVerifier> = match &self.proof {
            Proof::System => {
                let config = builder.with_platform_verifier().map_err(io::Error::other)?;
                return Ok(MakeRustlsConnect::new(config.with_no_client_auth()));
            }
            Proof::Nothing => Arc::new(Unproven { provider }),
            Proof::Authority(file) => Arc::new(AnyName(of(file, provider)?)),
            Proof::Name(file) => of(file, provider)?,
        };
        let config = builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

/// What looks whether a certificate is of an authority in a file, and of a name.
fn of(file: &str, provider: Arc<CryptoProvider>) -> io::Result<Arc<WebPkiServerVerifier>> {
    let unusable = |why: String| {
        io::Error::other(format!(
            "the certificates of sslrootcert {file:?} cannot be used: {why}"
        ))
    };
    let text = relplan_system::tree::read_named(file.as_ref(), MAX_CERTIFICATES)
        .map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is none in it (it takes PEM)".to_owned()));
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unusable(error.to_string()))
}

/// What to do about a certificate that did not prove enough, if that is what went wrong.
pub(super) fn advice(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(cause) = next {
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let found = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(reason)) = found {
            return match reason {
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => {
                    Some("take the name that the certificate is made out to, or sslmode=verify-ca")
                }
                CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::Other(_) => Some(
                    "if its authority is your own, name the authority's certificate by sslrootcert=FILE",
                ),
                _ => None,
            };
        }
        next = cause.source();
    }
    None
}

/// Takes a certificate of an authority whatever its name. The name is looked at last, so that all else is proven when
/// that is what it lacks.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            answer => answer,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Takes any certificate, as `sslmode=require` says; the server must still have the key that belongs to it.
struct Unproven {
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unproven")
    }
}

impl ServerCertVerifier for Unproven {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
