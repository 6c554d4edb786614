//! Logins in addresses, `scheme://user:password@host`: [`logins`]. Source: RFC 3986, section 3.2.1.

use crate::address::{is_local, is_this_machine};
use std::ops::Range;

/// A login in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login<'t> {
    /// `postgresql+psycopg2`, as it is written.
    pub(crate) scheme: &'t str,
    /// Who; may be empty.
    pub(crate) user: &'t str,
    /// With what.
    pub(crate) password: &'t str,
    /// The first of the hosts, without its port.
    pub(crate) host: &'t str,
    /// From the scheme to the end of the authority.
    pub(crate) span: Range<usize>,
}

impl Login<'_> {
    /// Whether it is one of a database, a queue or a store, which answers with more than a page.
    pub(crate) fn is_of_database(&self) -> bool {
        DATABASES.contains(&self.scheme.split('+').next().unwrap_or(self.scheme))
    }
}

/// The logins of `text`, in order. Linear in the text but for what stands between one `://` and the next.
pub(crate) fn logins(text: &str) -> Vec<Login<'_>> {
    let mut found = Vec::new();
    let mark = "://";
    for at in memchr::memmem::find_iter(text.as_bytes(), mark) {
        let head = text.ceil_char_boundary(at.saturating_sub(LONGEST_SCHEME));
        let before = text.get(head..at).unwrap_or_default();
        let of_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = before.bytes().rev().take_while(of_scheme).count();
        let begins = at.saturating_sub(length);
        let scheme = text.get(begins..at).unwrap_or_default();
        let from = at.saturating_add(mark.len());
        let to = text.floor_char_boundary(from.saturating_add(LONGEST_AUTHORITY).min(text.len()));
        let rest = text.get(from..to).unwrap_or_default();
        let ends =
            |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | ',' | '\\');
        // A list of hosts is one authority; a password with a `/` has to be written otherwise.
        let authority = rest.get(..rest.find(ends).unwrap_or(rest.len())).unwrap_or_default();
        let Some((login, host)) = authority.rsplit_once('@') else { continue };
        let Some((user, password)) = login.split_once(':') else { continue };
        if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || password.is_empty() {
            continue;
        }
        let host = host.strip_prefix('[').map_or_else(
            || host.split(':').next().unwrap_or(host),
            |inner| inner.split(']').next().unwrap_or(inner),
        );
        let span = begins..from.saturating_add(authority.len());
        found.push(Login { scheme, user, password, host, span });
    }
    found
}

/// Whether a host is known inside of its own network alone: the machine itself, a private address, a name in a cluster, or one without
/// a domain, as containers of one composition have.
pub(crate) fn is_near(host: &str) -> bool {
    is_this_machine(host) || is_local(host)
}

/// Longest scheme, in bytes: `postgresql+psycopg2cffi` has 23.
const LONGEST_SCHEME: usize = 32;
/// Longest authority that is looked at, in bytes.
const LONGEST_AUTHORITY: usize = 512;

/// Schemes of databases, queues, caches and directories.
const DATABASES: &[&str] = &[
    "amqp",
    "amqps",
    "clickhouse",
    "clickhouses",
    "cockroachdb",
    "couchbase",
    "couchdb",
    "db2",
    "elasticsearch",
    "ibmi",
    "influxdb",
    "kafka",
    "ldap",
    "ldaps",
    "mariadb",
    "milvus",
    "mongodb",
    "mqtt",
    "mqtts",
    "mssql",
    "mysql",
    "nats",
    "neo4j",
    "neo4js",
    "opensearch",
    "oracle",
    "postgis",
    "postgres",
    "postgresql",
    "presto",
    "qdrant",
    "redis",
    "rediss",
    "redshift",
    "smtp",
    "smtps",
    "snowflake",
    "sqlserver",
    "trino",
    "valkey",
    "bolt",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_told_with_its_parts_wherever_it_stands() {
        let text =
            "a = mongodb+srv://ml:S3cr3t@p@c.example.net/x, https://h/y?z=1 redis://:pw1234@[::1]:6379/0";
        let found = logins(text);
        let told: Vec<_> = found.iter().map(|one| (one.scheme, one.user, one.password, one.host)).collect();
        assert_eq!(
            told,
            [("mongodb+srv", "ml", "S3cr3t@p", "c.example.net"), ("redis", "", "pw1234", "::1")]
        );
        assert_eq!(
            found.first().map(|one| &text[one.span.clone()]),
            Some("mongodb+srv://ml:S3cr3t@p@c.example.net")
        );
        assert!(found.iter().all(Login::is_of_database));
        for none in ["http://a/b:c@d", "https://u@h/x", "://a:b@c", "postgres://a:@c", "ä://a:b@c"] {
            assert_eq!(logins(none), [], "{none}");
        }
    }

    #[test]
    fn hosts_without_a_domain_are_near() {
        for near in ["localhost", "127.0.0.1", "db", "::1", "10.0.0.5", "db.ml.svc", "host.docker.internal"] {
            assert!(is_near(near), "{near}");
        }
        for far in ["db.example.org", "8.8.8.8", "2001:db8::1"] {
            assert!(!is_near(far), "{far}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_logins_that_lie_in_it(text in "[a:/@é\"+p.]{0,40}") {
            for login in logins(&text) {
                proptest::prop_assert!(text.get(login.span).is_some());
            }
        }
    }
}
