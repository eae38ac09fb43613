//! Connecting: what the connection string says, and encryption wherever the connection leaves this machine.
//!
//! Invariant: a password is sent in the clear to this machine alone, unless the connection string says
//! `sslmode=disable` in so many words. A server's certificate is always verified, name included.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use rustls::{ClientConfig, crypto::aws_lc_rs};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why a server cannot be connected to. None of these repeats the connection string.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The place is no table.
    #[error("the place is no table of a database")]
    NoTable,
    /// The variable is not set.
    #[error(
        "the environment variable {0}, which holds the database's connection string, is not set"
    )]
    NotSet(String),
    /// The variable would be shown to packers.
    #[error(
        "the environment variable {0} holds a connection string that packers would be shown; take a URL \
         (postgres://…), or a variable whose name begins with RELPLAN_"
    )]
    Shown(String),
    /// The variable holds no connection string.
    #[error(
        "the environment variable {0} holds no connection string that can be read (postgres://user:password@host/database)"
    )]
    NotAString(String),
}

/// A database server.
pub(super) struct Server {
    config: Config,
    is_local: bool,
}

impl Server {
    pub(super) fn new(
        variable: &str,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self, ConnectError> {
        let text = vars
            .get(variable)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ConnectError::NotSet(variable.to_owned()))?;
        // Packers run foreign code and are not shown variables of relplan's own; of others, they are not shown the user
        // and password inside of a URL, and any other form would be (law L14).
        if !variable.starts_with("RELPLAN_") && !text.contains("://") {
            return Err(ConnectError::Shown(variable.to_owned()));
        }
        let mut config: Config = text
            .parse()
            .map_err(|_| ConnectError::NotAString(variable.to_owned()))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(ConnectError::NotAString(variable.to_owned()));
        }
        if let (None, Some(password)) = (config.get_password(), vars.get("PGPASSWORD")) {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("relplan");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(15));
        }
        let is_local = config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                name == "localhost"
                    || name
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|address| address.is_loopback())
            }
            Host::Unix(_) => true,
        }) && config
            .get_hostaddrs()
            .iter()
            .all(std::net::IpAddr::is_loopback);
        // Left to itself the library would go on in the clear with a server that offers no encryption.
        if !is_local && config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Require);
        }
        Ok(Self { config, is_local })
    }

    /// Where it is, for people: no user and no password.
    pub(super) fn shown(&self) -> String {
        let hosts = self.config.get_hosts().iter().zip(0..);
        let hosts: Vec<String> = hosts
            .map(|(host, place)| {
                let host = match host {
                    Host::Tcp(name) => name.clone(),
                    Host::Unix(path) => path.display().to_string(),
                };
                let port = self.config.get_ports().get(place);
                let port = port.or_else(|| self.config.get_ports().first());
                port.map_or(host.clone(), |port| format!("{host}:{port}"))
            })
            .collect();
        format!(
            "postgres://{}/{}",
            hosts.join(","),
            self.config.get_dbname().unwrap_or_default()
        )
    }

    pub(super) async fn connect(&self) -> io::Result<Client> {
        if self.config.get_ssl_mode() == SslMode::Disable
            || (self.is_local && self.config.get_ssl_mode() == SslMode::Prefer)
        {
            let (client, connection) = self.config.connect(NoTls).await.map_err(super::plain)?;
            tokio::spawn(connection);
            return Ok(client);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_platform_verifier()
            .map_err(io::Error::other)?
            .with_no_client_auth();
        let tls = MakeRustlsConnect::new(config);
        let (client, connection) = self.config.connect(tls).await.map_err(super::plain)?;
        tokio::spawn(connection);
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Result<Server, ConnectError> {
        Server::new(
            "RELPLAN_DATABASE",
            &BTreeMap::from([("RELPLAN_DATABASE".to_owned(), text.to_owned())]),
        )
    }

    #[test]
    fn l11_what_leaves_this_machine_is_encrypted_unless_it_is_said_otherwise() {
        for (text, mode) in [
            ("postgres://u:canary@db.example/x", SslMode::Require),
            (
                "postgres://u:canary@db.example/x?sslmode=prefer",
                SslMode::Require,
            ),
            (
                "postgres://u:canary@db.example/x?sslmode=disable",
                SslMode::Disable,
            ),
            ("postgres://u:canary@127.0.0.1/x", SslMode::Prefer),
            ("host=/run/postgresql user=u dbname=x", SslMode::Prefer),
            ("host=localhost,db.example user=u", SslMode::Require),
        ] {
            let server = server(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(server.config.get_ssl_mode(), mode, "{text}");
            assert!(!server.shown().contains("canary"), "{}", server.shown());
        }
    }

    #[test]
    fn l11_no_error_repeats_the_connection_string() {
        for text in [
            "",
            "canary",
            "postgres://u:canary@db.example/x?sslmode=canary",
            "user=canary",
        ] {
            let Err(error) = server(text) else {
                panic!("{text}")
            };
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
