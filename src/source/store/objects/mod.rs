//! Object stores and WebDAV servers, by way of `opendal`: who is asked and as whom.
//!
//! Nothing is taken from the machine's own surroundings: no profile, no environment variable and no metadata service is
//! asked for credentials, only the secrets that the definition names.

mod session;
mod transport;

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use opendal::{OperationContext, Operator, services};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::StoreError;
use crate::{
    settings::{Secret, Section},
    source::https::{Auth, ClientCredentials, FetchError, Tls, is_link_local, refusal, token},
};

pub(super) use session::Connection;

/// The kinds that `opendal` speaks to.
#[derive(Debug, Clone)]
pub enum Objects {
    /// S3 and what speaks like it.
    S3(S3),
    /// Azure Blob.
    Azure(Azure),
    /// WebDAV, as SharePoint and Nextcloud speak it.
    WebDav(WebDav),
}

/// A bucket.
#[derive(Debug, Clone)]
pub struct S3 {
    endpoint: Endpoint,
    bucket: String,
    region: String,
    access_key_id: Secret,
    secret_access_key: Secret,
    /// Whether the versions are taken too that were replaced between two looks.
    versions: bool,
}

/// A container of an Azure storage account.
#[derive(Debug, Clone)]
pub struct Azure {
    endpoint: Endpoint,
    container: String,
    account: String,
    credential: AzureCredential,
}

#[derive(Debug, Clone)]
enum AzureCredential {
    Key(Secret),
    Sas(Secret),
}

/// A WebDAV server.
#[derive(Debug, Clone)]
pub struct WebDav {
    endpoint: Endpoint,
    credential: DavCredential,
}

#[derive(Debug, Clone)]
enum DavCredential {
    Password {
        user: String,
        password: Secret,
    },
    Token(Secret),
    /// A token that is asked for at each look.
    OAuth2(ClientCredentials),
}

/// An address that may be asked.
#[derive(Debug, Clone)]
struct Endpoint {
    url: String,
    host: String,
    /// Certificates beside the machine's own.
    tls: Tls,
}

impl Endpoint {
    fn settle(table: &mut Section<'_>, key: &str, example: &str) -> Option<Self> {
        let tls = table.section_opt("tls").map(|mut tls| Tls::settle(&mut tls)).unwrap_or_default();
        let text = table.text(key)?;
        let write = format!("{key} = \"{example}\"");
        let expected = match Url::parse(&text) {
            Err(error) => {
                table.refuse_unseen(key, &format!("an address ({error})"), &write);
                return None;
            }
            Ok(url) => {
                let host = url.host_str().unwrap_or_default().to_owned();
                let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
                let holds_more = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
                if holds_more || url.fragment().is_some() {
                    // What stands here may be a secret, so it is not repeated.
                    table.refuse_unseen(key, "an address alone; names, keys and tokens have keys of their own", &write);
                    return None;
                } else if ip.is_ok_and(is_link_local) {
                    "a host that is not link-local".to_owned()
                } else if let Some(expected) = refusal(&text) {
                    expected
                } else {
                    return Some(Self { url: text.trim_end_matches('/').to_owned(), host, tls });
                }
            }
        };
        table.refuse(key, &expected, &write);
        None
    }
}

impl S3 {
    pub(super) fn settle(table: &mut Section<'_>) -> Option<Self> {
        let endpoint = Endpoint::settle(table, "endpoint", "https://s3.eu-west-2.amazonaws.com");
        let bucket = plain_name(table, "bucket");
        let region = table.text_or("region", "eu-west-2");
        let access_key_id = secret(table, "access_key_id");
        let secret_access_key = secret(table, "secret_access_key");
        let versions = table.boolean_or("versions", false);
        Some(Self {
            endpoint: endpoint?,
            bucket: bucket?,
            region,
            access_key_id: access_key_id?,
            secret_access_key: secret_access_key?,
            versions,
        })
    }
}

impl Azure {
    pub(super) fn settle(table: &mut Section<'_>) -> Option<Self> {
        let endpoint = Endpoint::settle(table, "endpoint", "https://ACCOUNT.blob.core.windows.net");
        let container = plain_name(table, "container");
        let account = table.text("account");
        let credential = match (table.secret_opt("account_key"), table.secret_opt("sas")) {
            (Some(key), None) => Some(AzureCredential::Key(key)),
            (None, Some(sas)) => Some(AzureCredential::Sas(sas)),
            _ => {
                table.refuse("sas", "either sas or account_key", "sas = { file = \"/etc/quarterday/sas\" }");
                None
            }
        };
        Some(Self { endpoint: endpoint?, container: container?, account: account?, credential: credential? })
    }
}

impl WebDav {
    pub(super) fn settle(table: &mut Section<'_>) -> Option<Self> {
        let endpoint = Endpoint::settle(table, "url", "https://files.partner.example/dav");
        let user = table.text_opt("user");
        let auth = table.section_opt("auth").map(|mut auth| oauth2(&mut auth));
        let credential = match (user, table.secret_opt("password"), table.secret_opt("token"), auth) {
            (Some(user), Some(password), None, None) => Some(DavCredential::Password { user, password }),
            (None, None, Some(token), None) => Some(DavCredential::Token(token)),
            // What was wrong in that table was told there.
            (None, None, None, Some(auth)) => auth.map(DavCredential::OAuth2),
            _ => {
                let write = "password = { file = \"/etc/quarterday/dav\" }";
                table.refuse("password", "either user and password, or token, or [source.auth]", write);
                None
            }
        };
        Some(Self { endpoint: endpoint?, credential: credential? })
    }
}

/// `[source.auth]` of a WebDAV server: the one kind that needs a table of its own.
fn oauth2(table: &mut Section<'_>) -> Option<ClientCredentials> {
    match Auth::settle(table)? {
        Auth::OAuth2(credentials) => Some(credentials),
        _ => {
            table.refuse("kind", "\"oauth2\"; a password and a token have keys of their own", "kind = \"oauth2\"");
            None
        }
    }
}

/// The name of a bucket or a container.
fn plain_name(table: &mut Section<'_>, key: &str) -> Option<String> {
    let name = table.text(key)?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || "-._$".contains(c)) {
        return Some(name);
    }
    table.refuse(key, "a name without a folder; the folder is the path", &format!("{key} = \"returns\""));
    None
}

fn secret(table: &mut Section<'_>, key: &str) -> Option<Secret> {
    if !table.has(key) {
        table.refuse(key, "where the secret stands", &format!("{key} = {{ file = \"/etc/quarterday/{key}\" }}"));
    }
    table.secret_opt(key)
}

impl Objects {
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::S3(s3) => vec![&s3.access_key_id, &s3.secret_access_key],
            Self::Azure(azure) => match &azure.credential {
                AzureCredential::Key(secret) | AzureCredential::Sas(secret) => vec![secret],
            },
            Self::WebDav(dav) => match &dav.credential {
                DavCredential::Password { password, .. } => vec![password],
                DavCredential::Token(token) => vec![token],
                DavCredential::OAuth2(credentials) => vec![&credentials.client_secret],
            },
        }
    }

    /// The address of the host that gives it tokens, if one does.
    pub(super) fn token_url(&self) -> Option<&str> {
        match self {
            Self::WebDav(WebDav { credential: DavCredential::OAuth2(credentials), .. }) => Some(&credentials.token_url),
            _ => None,
        }
    }

    fn endpoint(&self) -> &Endpoint {
        match self {
            Self::S3(s3) => &s3.endpoint,
            Self::Azure(azure) => &azure.endpoint,
            Self::WebDav(dav) => &dav.endpoint,
        }
    }

    pub(super) fn tls(&self) -> &Tls {
        &self.endpoint().tls
    }

    pub(super) fn host(&self) -> &str {
        &self.endpoint().host
    }

    /// The address with the bucket or the container.
    pub(super) fn address(&self) -> String {
        match self {
            Self::S3(s3) => format!("{}/{}", s3.endpoint.url, s3.bucket),
            Self::Azure(azure) => format!("{}/{}", azure.endpoint.url, azure.container),
            Self::WebDav(dav) => dav.endpoint.url.clone(),
        }
    }

    pub(super) async fn connect(
        &self,
        environment: &BTreeMap<String, String>,
        patience: Duration,
    ) -> Result<Connection, StoreError> {
        let at = self.address();
        let client = transport::client(patience, self.tls(), environment).map_err(|error| error.at(&at))?;
        let resolved = |secret: &Secret| -> Result<SecretString, StoreError> {
            secret.resolve(environment).map_err(|why| StoreError::Secret { place: at.clone(), why })
        };
        let operator = match self {
            Self::S3(s3) => Operator::new(
                services::S3::default()
                    .endpoint(&s3.endpoint.url)
                    .bucket(&s3.bucket)
                    .region(&s3.region)
                    .access_key_id(resolved(&s3.access_key_id)?.expose_secret())
                    .secret_access_key(resolved(&s3.secret_access_key)?.expose_secret())
                    .disable_config_load()
                    .disable_ec2_metadata(),
            ),
            Self::Azure(azure) => {
                let builder = services::Azblob::default()
                    .endpoint(&azure.endpoint.url)
                    .container(&azure.container)
                    .account_name(&azure.account);
                Operator::new(match &azure.credential {
                    AzureCredential::Key(key) => builder.account_key(resolved(key)?.expose_secret()),
                    AzureCredential::Sas(sas) => {
                        builder.sas_token(resolved(sas)?.expose_secret().trim_start_matches('?'))
                    }
                })
            }
            Self::WebDav(dav) => {
                let builder = services::Webdav::default().endpoint(&dav.endpoint.url);
                Operator::new(match &dav.credential {
                    DavCredential::Password { user, password } => {
                        builder.username(user).password(resolved(password)?.expose_secret())
                    }
                    DavCredential::Token(token) => builder.token(resolved(token)?.expose_secret()),
                    DavCredential::OAuth2(credentials) => {
                        let secret = resolved(&credentials.client_secret)?;
                        let token = token(credentials, &secret, &client).await;
                        let refused = |why: FetchError| StoreError::SignIn { place: at.clone(), why: why.to_string() };
                        builder.token(token.map_err(refused)?.expose_secret())
                    }
                })
            }
        };
        // Its words could hold a part of the secret that it did not like.
        let operator = operator.map_err(|_| StoreError::SignIn {
            place: at.clone(),
            why: "a key or a name in [source] has not the form it must have; look at its secrets".into(),
        })?;
        let context = OperationContext::new().with_http_transport(transport::transport(client));
        let moves_at_once = matches!(self, Self::WebDav(_));
        let versions = matches!(self, Self::S3(s3) if s3.versions);
        Ok(Connection::new(operator.with_context(context), moves_at_once, versions, patience))
    }
}
