//! Connecting: what the connection string says, and encryption wherever the connection leaves this machine.
//!
//! Invariant: a password is sent in the clear to this machine alone, unless the connection string says
//! `sslmode=disable` in so many words. A server elsewhere proves its name by its certificate, unless the string asks for
//! less.

mod encryption;
mod settings;

use std::{collections::BTreeMap, io, time::Duration};

use tokio_postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
};

use self::encryption::Encryption;

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
    /// The word is none, or one for which a password might go out in the clear.
    #[error(
        "sslmode is one of disable, prefer, require, verify-ca and verify-full in a connection string"
    )]
    Mode,
    /// Authorities that sign for everybody prove nothing but names.
    #[error("with sslrootcert=system the connection string must say sslmode=verify-full, or none")]
    System,
    /// There is nothing here for it.
    #[error(
        "the connection string says {0}, which is not supported; it takes sslmode and sslrootcert"
    )]
    Setting(&'static str),
}

/// A database server.
pub(super) struct Server {
    config: Config,
    encryption: Encryption,
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
        let (text, mut settings) = settings::take(text).map_err(ConnectError::Setting)?;
        let variable_of = |name: &str| vars.get(name).filter(|value| !value.is_empty()).cloned();
        settings.mode = settings.mode.or_else(|| variable_of("PGSSLMODE"));
        settings.root = settings.root.or_else(|| variable_of("PGSSLROOTCERT"));
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
        let encryption = Encryption::new(settings, is_local)?;
        config.ssl_mode(encryption.mode);
        Ok(Self { config, encryption })
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
        // A socket of this machine is not encrypted, and an address has no name to be proven.
        let mut hosts = self.config.get_hosts().iter();
        let has_name = hosts.any(|host| matches!(host, Host::Tcp(_)));
        let is_plain = match self.encryption.mode {
            SslMode::Disable => true,
            SslMode::Prefer => !has_name,
            _ => false,
        };
        if is_plain {
            let (client, connection) = self.config.connect(NoTls).await.map_err(super::plain)?;
            tokio::spawn(connection);
            return Ok(client);
        }
        let connected = self.config.connect(self.encryption.connector()?).await;
        let (client, connection) = connected.map_err(|error| {
            let advice = encryption::advice(&error);
            let told = super::plain(error);
            match advice {
                Some(advice) => io::Error::other(format!("{told}; {advice}")),
                None => told,
            }
        })?;
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
        let remote = "postgres://u:canary@db.example/x";
        for (text, proof) in [
            (remote.to_owned(), "Require System"),
            (format!("{remote}?sslmode=prefer"), "Require Nothing"),
            (format!("{remote}?sslmode=require"), "Require Nothing"),
            (
                format!("{remote}?sslmode=require&sslrootcert=/ca"),
                "Require Authority(\"/ca\")",
            ),
            (
                format!("{remote}?sslmode=verify-ca&sslrootcert=/ca"),
                "Require Authority(\"/ca\")",
            ),
            // Those authorities sign for everybody: without the name that proves nothing.
            (format!("{remote}?sslmode=verify-ca"), "Require System"),
            (format!("{remote}?sslmode=verify-full"), "Require System"),
            (format!("{remote}?sslrootcert=/ca"), "Require Name(\"/ca\")"),
            (format!("{remote}?sslrootcert=system"), "Require System"),
            (format!("{remote}?sslmode=disable"), "Disable Nothing"),
            (
                "postgres://u:canary@127.0.0.1/x".to_owned(),
                "Prefer Nothing",
            ),
            (
                "host=/run/postgresql user=u dbname=x".to_owned(),
                "Prefer Nothing",
            ),
            (
                "host=localhost user=u sslrootcert=/ca".to_owned(),
                "Prefer Authority(\"/ca\")",
            ),
            (
                "host=localhost user=u sslmode=verify-full".to_owned(),
                "Require System",
            ),
            (
                "host=localhost,db.example user=u".to_owned(),
                "Require System",
            ),
        ] {
            let server = server(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let said = format!("{:?}", server.encryption);
            assert_eq!(said, proof_of(proof), "{text}");
            assert_eq!(server.config.get_ssl_mode(), server.encryption.mode);
            assert!(!server.shown().contains("canary"), "{}", server.shown());
        }
    }

    fn proof_of(text: &str) -> String {
        let (mode, proof) = text.split_once(' ').unwrap();
        format!("Encryption {{ mode: {mode}, proof: {proof} }}")
    }

    #[test]
    fn what_the_string_leaves_out_is_taken_from_the_environment() {
        let vars = |text: &str| {
            BTreeMap::from([
                ("RELPLAN_DATABASE".to_owned(), text.to_owned()),
                ("PGSSLMODE".to_owned(), "verify-ca".to_owned()),
                ("PGSSLROOTCERT".to_owned(), "/ca".to_owned()),
            ])
        };
        let of = |text: &str| {
            let server = Server::new("RELPLAN_DATABASE", &vars(text));
            let server = server.unwrap_or_else(|error| panic!("{text}: {error}"));
            format!("{:?}", server.encryption)
        };
        assert_eq!(
            of("postgres://u@h/x"),
            proof_of("Require Authority(\"/ca\")")
        );
        assert_eq!(
            of("postgres://u@h/x?sslmode=verify-full&sslrootcert=/other"),
            proof_of("Require Name(\"/other\")")
        );
    }

    #[test]
    fn l11_no_error_repeats_the_connection_string() {
        for text in [
            "",
            "canary",
            "postgres://u:canary@db.example/x?sslmode=canary",
            "user=canary",
            "host=h user=canary sslmode=allow",
            "host=h user=canary sslkey=canary",
            "host=h user=canary sslmode=require sslrootcert=system",
        ] {
            let Err(error) = server(text) else {
                panic!("{text}")
            };
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
