//! Certificates of one source: `[source.tls]`.
//!
//! A certificate is always verified. An own authority is trusted beside the machine's, for this source alone.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use reqwest::{Certificate, ClientBuilder, Identity};
use secrecy::ExposeSecret;

use super::{FetchError, fetcher::client_builder, validity::valid_until};
use crate::settings::{Secret, Section};

/// Certificates beside the machine's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Authorities in PEM that the host's certificate may come from.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate in PEM, with those above it, and its key.
    pub client: Option<(PathBuf, Secret)>,
}

impl Tls {
    /// Reads `[source.tls]`.
    pub(in crate::source) fn settle(table: &mut Section<'_>) -> Self {
        let ca_file = table.text_opt("ca_file").map(PathBuf::from);
        let certificate = table.text_opt("client_certificate").map(PathBuf::from);
        let key = table.secret_opt("client_key");
        match (&certificate, &key) {
            (Some(_), None) if !table.has("client_key") => {
                let write = "client_key = { file = \"/etc/quarterday/client.key\" }";
                table.refuse("client_key", "the key of client_certificate", write);
            }
            (None, Some(_)) => {
                let write = "client_certificate = \"/etc/quarterday/client.pem\"";
                table.refuse("client_certificate", "the certificate of client_key", write);
            }
            _ => {}
        }
        Self { ca_file, client: certificate.zip(key) }
    }

    /// What of the files it names cannot be used.
    pub(in crate::source) fn check(&self, environment: &BTreeMap<String, String>) -> Option<FetchError> {
        self.add_to(client_builder(), environment).err()
    }

    /// Our own certificate, and its last day, where that can be read.
    pub fn client_until(&self) -> Option<(&Path, Date)> {
        let (path, _) = self.client.as_ref()?;
        Some((path.as_path(), valid_until(&std::fs::read(path).ok()?)?))
    }

    /// Adds the certificates to a client. The files are read anew, so that a renewed certificate needs no restart.
    ///
    /// # Errors
    /// When a file cannot be read or holds no certificate or key.
    pub(in crate::source) fn add_to(
        &self,
        mut client: ClientBuilder,
        environment: &BTreeMap<String, String>,
    ) -> Result<ClientBuilder, FetchError> {
        let wrong = FetchError::Certificate;
        if let Some(path) = &self.ca_file {
            let authorities = Certificate::from_pem_bundle(&read(path)?)
                .ok()
                .filter(|found| !found.is_empty())
                .ok_or_else(|| wrong(format!("{} holds no certificate in PEM", path.display())))?;
            client = authorities.into_iter().fold(client, ClientBuilder::add_root_certificate);
        }
        if let Some((path, key)) = &self.client {
            let mut pem = read(path)?;
            let key = key.resolve(environment).map_err(|e| wrong(e.to_string()))?;
            pem.push(b'\n');
            pem.extend_from_slice(key.expose_secret().as_bytes());
            let identity = Identity::from_pem(&pem)
                .map_err(|_| wrong(format!("{} and its key are no pair in PEM", path.display())))?;
            client = client.identity(identity);
        }
        Ok(client)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FetchError> {
    std::fs::read(path).map_err(|e| FetchError::Certificate(format!("{} cannot be read: {e}", path.display())))
}
